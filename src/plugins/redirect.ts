// Answers with a redirection: to a fixed address with variables, to one made from the path by a pattern, or to the same one over https.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { forwardedOf } from '../gateway/forwarded.ts'
import { escapePath } from '../gateway/normalise.ts'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'
import { checkTemplate, compilePattern, expandCaptures } from '../gateway/regex.ts'
import { interpolate } from '../gateway/variables.ts'
import { percentEncode } from '../lib/percent.ts'
import { checkStatus } from '../lib/status-check.ts'

const schema = Type.Object({
  uri: Type.Optional(
    Type.String({
      title: 'Address',
      description: 'where to, with variables; `\\$` keeps a dollar sign',
      minLength: 2,
      pattern: '(\\\\\\$[0-9a-zA-Z_]+)|\\$\\{([0-9a-zA-Z_]+)\\}|\\$([0-9a-zA-Z_]+)|(\\$|[^$\\\\]+|\\\\)',
      examples: ['/v2$uri'],
    }),
  ),
  regex_uri: Type.Optional(
    Type.Array(Type.String(), {
      title: 'Address by pattern',
      description: 'a regular expression on the path and what it is replaced by; no match: the request goes on',
      minItems: 2,
      maxItems: 2,
      examples: [['^/old/(.*)', '/new/$1']],
    }),
  ),
  http_to_https: Type.Optional(
    Type.Boolean({
      title: 'To https',
      description: 'send requests over http to https; 301, or 308 when the method has a body',
      examples: [true],
    }),
  ),
  ret_code: Type.Integer({
    title: 'Status',
    description: 'status of the answer',
    minimum: 200,
    default: 302,
    examples: [301],
  }),
  encode_uri: Type.Boolean({
    title: 'Encode',
    description: 'percent-encode the address up to its query as RFC 3986 wants it',
    default: false,
    examples: [true],
  }),
  append_query_string: Type.Boolean({
    title: 'Append query',
    description: "append the request's query to the address",
    default: false,
    examples: [true],
  }),
})
type Conf = Static<typeof schema>

const HTTPS_PORT = 443
/** Methods whose requests may be repeated as GET. */
const WITHOUT_BODY = new Set(['GET', 'HEAD'])

export default definePlugin<Conf>({
  name: 'redirect',
  version: 0.1,
  priority: 900,
  schema: Type.Partial(schema, {
    oneOf: [{ required: ['uri'] }, { required: ['regex_uri'] }, { required: ['http_to_https'] }],
  }),
  attrSchema: Type.Object({ https_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })) }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkStatus('ret_code', conf.ret_code)
    if (conf.http_to_https && conf.append_query_string)
      throw new Error('only one of `http_to_https` and `append_query_string` can be configured.')
    if (!conf.regex_uri) return
    const [pattern, replacement] = conf.regex_uri as [string, string]
    try {
      compilePattern(pattern)
      checkTemplate(replacement)
    } catch (error) {
      throw new Error(`invalid regex_uri (${pattern}, ${replacement}), err:${(error as Error).message}`)
    }
  },
  setup(conf, env) {
    if (conf.http_to_https !== undefined) return { rewrite: conf.http_to_https ? toHttps(env) : () => undefined }
    const target = toTarget(conf)
    const template = conf.regex_uri?.[1] ?? conf.uri ?? ''
    return {
      rewrite(ctx) {
        const to = target(ctx)
        return to === undefined ? undefined : redirection(withQuery(ctx, conf, onSite(to, template)), conf.ret_code)
      },
    }
  },
})

function toHttps(env: PluginEnv): (ctx: Exchange) => Reply | undefined {
  const port = Number(env.attr.https_port ?? HTTPS_PORT)
  return (ctx) => {
    const { request } = ctx
    if (forwardedOf(ctx).proto === 'https') return undefined
    const host = port === HTTPS_PORT ? request.host : `${request.host}:${port}`
    return redirection(`https://${host}${request.target}`, WITHOUT_BODY.has(request.method) ? 301 : 308)
  }
}

function toTarget(conf: Conf): (ctx: Exchange) => string | undefined {
  if (conf.regex_uri) {
    const [pattern, replacement] = conf.regex_uri as [string, string]
    const regex = compilePattern(pattern)
    return ({ request: { path } }) => {
      const found = regex.exec(path)
      if (!found) return undefined
      return path.slice(0, found.index) + expandCaptures(replacement, found) + path.slice(found.index + found[0].length)
    }
  }
  return (ctx) => interpolate(ctx, conf.uri as string)
}

/** `//host` and `/\host` lead to another site: what a client has written into a variable must not, unless the template means it. */
function onSite(to: string, template: string): string {
  return /^[/\\]{2}/.test(to) && !template.startsWith('//') ? to.replace(/^[/\\]+/, '/') : to
}

function withQuery(ctx: Exchange, conf: Conf, to: string): string {
  const mark = to.indexOf('?')
  const path = mark < 0 ? to : to.slice(0, mark)
  const own = mark < 0 ? '' : to.slice(mark)
  const { query } = ctx.request
  const appended = conf.append_query_string && query ? `${own ? '&' : '?'}${query}` : ''
  return `${conf.encode_uri ? escapePath(path) : path}${own}${appended}`
}

/** Controls and what is not ASCII are escaped: a decoded path may hold a line end, which would split the answer. */
function redirection(to: string, status: number): Reply {
  const location = percentEncode(to, /[^!-~ ]/gu)
  const headers: Record<string, string> = { Location: location }
  if (status === 301 || status === 302) headers['Content-Type'] = 'text/html'
  return { status, headers }
}
