// Lets requests pass or not by their User-Agent.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { compilePattern } from '../gateway/regex.ts'

const patterns = (title: string, description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), { title, description, minItems: 1, examples: [['(Bing|Google)bot']] }),
  )

const schema = Type.Object({
  bypass_missing: Type.Boolean({
    title: 'Pass without',
    description: 'let requests without User-Agent pass',
    default: false,
    examples: [true],
  }),
  allowlist: patterns('Allowed', 'regular expressions of agents that alone may pass'),
  denylist: patterns('Refused', 'regular expressions of agents that may not pass'),
  message: Type.String({
    title: 'Message',
    description: 'message of a refusal',
    minLength: 1,
    maxLength: 1024,
    default: 'Not allowed',
    examples: ['no robots'],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'ua-restriction',
  version: 0.1,
  priority: 2999,
  schema: Type.Partial(schema, { oneOf: [{ required: ['allowlist'] }, { required: ['denylist'] }] }),
  check(conf, kind) {
    if (kind === 'plugin') for (const one of conf.allowlist ?? conf.denylist ?? []) compilePattern(one)
  },
  setup(conf) {
    const wanted = conf.allowlist !== undefined
    const regexes = (conf.allowlist ?? conf.denylist ?? []).map((one) => compilePattern(one))
    const refusal = { status: 403, body: { message: conf.message } }
    return {
      access({ request }) {
        const agents = request.headers.getAll('user-agent')
        if (agents.length === 0) return conf.bypass_missing ? undefined : refusal
        const matched = agents.some((agent) => regexes.some((regex) => regex.test(agent)))
        return matched === wanted ? undefined : refusal
      },
    }
  },
})
