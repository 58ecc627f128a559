// Refuses requests whose path and query match a regular expression, as sent or with the path decoded and without dots, by which a route is found.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { compilePattern } from '../gateway/regex.ts'
import { checkStatus } from '../lib/status-check.ts'

const schema = Type.Object({
  block_rules: Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
    title: 'Rules',
    description: 'regular expressions; one that matches refuses the request',
    uniqueItems: true,
    examples: [['root.exe', '^/admin']],
  }),
  rejected_code: Type.Optional(
    Type.Integer({
      title: 'Status',
      description: 'status of a refusal',
      minimum: 200,
      default: 403,
      examples: [404],
    }),
  ),
  rejected_msg: Type.Optional(
    Type.String({ title: 'Message', description: 'message of a refusal', minLength: 1, examples: ['not here'] }),
  ),
  case_insensitive: Type.Optional(
    Type.Boolean({ title: 'Ignore case', description: 'ignore case in the rules', default: false, examples: [true] }),
  ),
})
type Conf = Static<typeof schema> & { rejected_code: number }

export default definePlugin<Conf>({
  name: 'uri-blocker',
  version: 0.1,
  priority: 2900,
  schema,
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkStatus('rejected_code', conf.rejected_code)
    for (const rule of conf.block_rules) compilePattern(rule)
  },
  setup(conf) {
    const rules = conf.block_rules.map((rule) => compilePattern(rule, conf.case_insensitive ? 'i' : ''))
    const { rejected_code: status, rejected_msg: message } = conf
    const refusal = message === undefined ? { status } : { status, body: { error_msg: message } }
    const blocked = (uri: string): boolean => rules.some((rule) => rule.test(uri))
    return {
      rewrite({ request: { target, path, query } }) {
        if (blocked(target)) return refusal
        if (target.startsWith(path)) return undefined
        return blocked(query === '' ? path : `${path}?${query}`) ? refusal : undefined
      },
    }
  },
})
