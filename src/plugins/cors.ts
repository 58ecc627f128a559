// Cross-origin resource sharing: answers preflight requests, and tells browsers which origins may read responses.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { compileRegex } from '../gateway/router/vars.ts'

const ORIGINS = '^(\\*|\\*\\*|null|\\w+://[^,]+(,\\w+://[^,]+)*)$'
const regexList = (title: string, description: string) =>
  Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
      title,
      description,
      minItems: 1,
      uniqueItems: true,
      examples: [['.*\\.example\\.com$']],
    }),
  )

const schema = Type.Object({
  allow_origins: Type.String({
    title: 'Origins',
    description: 'origins that may read responses, separated by commas; `*`: all; `**`: all, also with credentials',
    pattern: ORIGINS,
    default: '*',
    examples: ['https://app.example.com'],
  }),
  allow_methods: Type.String({
    title: 'Methods',
    description: 'methods, separated by commas; `*`: all; `**`: all, also with credentials',
    default: '*',
    examples: ['GET,POST'],
  }),
  allow_headers: Type.String({
    title: 'Request headers',
    description: 'headers that a request may carry; `*`: all; `**`: those that the preflight asks for',
    default: '*',
    examples: ['Authorization'],
  }),
  expose_headers: Type.Optional(
    Type.String({
      title: 'Exposed headers',
      description: 'response headers that scripts may read',
      examples: ['X-Total'],
    }),
  ),
  max_age: Type.Integer({
    title: 'Max age',
    description: 'seconds that a browser may remember a preflight; -1: not at all',
    default: 5,
    examples: [600],
  }),
  allow_credential: Type.Boolean({
    title: 'Credentials',
    description: 'allow cookies and authorization; no option may be `*` then',
    default: false,
    examples: [true],
  }),
  allow_origins_by_regex: regexList(
    'Origins by pattern',
    'regular expressions of origins; allow_origins is not looked at when present',
  ),
  allow_origins_by_metadata: Type.Optional(
    Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
      title: 'Origins by name',
      description: 'names of origin lists in the metadata',
      minItems: 1,
      uniqueItems: true,
      examples: [['partners']],
    }),
  ),
  timing_allow_origins: Type.Optional(
    Type.String({
      title: 'Timing origins',
      description: 'origins that may read resource timing',
      pattern: ORIGINS,
      examples: ['*'],
    }),
  ),
  timing_allow_origins_by_regex: regexList('Timing origins by pattern', 'regular expressions of such origins'),
})
type Conf = Static<typeof schema>

const ALL_METHODS = 'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE'

export default definePlugin<Conf>({
  name: 'cors',
  version: 0.1,
  priority: 4000,
  schema: Type.Partial(schema),
  metadataSchema: Type.Object({
    allow_origins: Type.Optional(
      Type.Record(Type.String(), Type.String({ pattern: ORIGINS }), {
        title: 'Origin lists',
        description: 'lists of origins by name',
        examples: [{ partners: 'https://a.example' }],
      }),
    ),
  }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    const options = [
      conf.allow_origins ?? '*',
      conf.allow_methods ?? '*',
      conf.allow_headers ?? '*',
      conf.expose_headers,
      conf.timing_allow_origins,
    ]
    if (conf.allow_credential && options.includes('*'))
      throw new Error("you can not set '*' for other option when 'allow_credential' is true")
    for (const pattern of [...(conf.allow_origins_by_regex ?? []), ...(conf.timing_allow_origins_by_regex ?? [])])
      compileRegex(pattern)
  },
  setup(conf, env) {
    const fixed = toMatcher(conf.allow_origins, conf.allow_origins_by_regex)
    const timing =
      conf.timing_allow_origins || conf.timing_allow_origins_by_regex
        ? toMatcher(conf.timing_allow_origins, conf.timing_allow_origins_by_regex)
        : undefined
    const varies = conf.allow_origins !== '*' || conf.allow_origins_by_regex !== undefined

    const allowed = (origin: string | undefined): string | undefined => {
      const found = fixed(origin)
      if (found !== undefined || !conf.allow_origins_by_metadata) return found
      const lists = (env.metadata()?.allow_origins ?? {}) as Record<string, string>
      return conf.allow_origins_by_metadata.some(
        (name) => Object.hasOwn(lists, name) && fits(lists[name] as string, origin),
      )
        ? origin
        : undefined
    }

    return {
      rewrite(ctx) {
        // The origin and the wished-for headers are kept: a later plugin may change the request's own.
        ctx.set(this, {
          origin: ctx.request.headers.get('origin'),
          wished: ctx.request.headers.get('access-control-request-headers'),
        })
        return ctx.request.method === 'OPTIONS' ? { status: 200 } : undefined
      },
      header_filter(ctx) {
        const seen = ctx.get<{ origin: string | undefined; wished: string | undefined }>(this)
        const origin = seen ? seen.origin : ctx.request.headers.get('origin')
        const { headers } = ctx.response
        if (varies) headers.add('Vary', 'Origin')
        if (timing) {
          const timed = timing(origin)
          if (timed !== undefined) headers.set('Timing-Allow-Origin', timed)
        }
        const allow = allowed(origin)
        if (allow !== undefined) writeCors(ctx, conf, allow, seen?.wished)
      },
    }
  },
})

function writeCors(ctx: Exchange, conf: Conf, origin: string, wished: string | undefined): void {
  const { headers } = ctx.response
  headers.set('Access-Control-Allow-Origin', origin)
  headers.set('Access-Control-Allow-Methods', conf.allow_methods === '**' ? ALL_METHODS : conf.allow_methods)
  headers.set('Access-Control-Max-Age', String(conf.max_age))
  if (conf.expose_headers) headers.set('Access-Control-Expose-Headers', conf.expose_headers)
  if (conf.allow_headers !== '**') headers.set('Access-Control-Allow-Headers', conf.allow_headers)
  else if (wished !== undefined) headers.set('Access-Control-Allow-Headers', wished)
  if (conf.allow_credential) headers.set('Access-Control-Allow-Credentials', 'true')
}

/** What Access-Control-Allow-Origin says for an origin; undefined: it is not allowed. */
function toMatcher(
  list: string | undefined,
  patterns: string[] | undefined,
): (origin: string | undefined) => string | undefined {
  if (patterns) {
    const regexes = patterns.map((pattern) => compileRegex(pattern))
    return (origin) => (origin !== undefined && regexes.some((regex) => regex.test(origin)) ? origin : undefined)
  }
  if (list === undefined) return () => undefined
  if (list === '*') return () => '*'
  if (list === '**') return (origin) => origin ?? '*'
  return (origin) => (fits(list, origin) ? origin : undefined)
}

function fits(list: string, origin: string | undefined): boolean {
  return list === '*' || (origin !== undefined && list.split(',').includes(origin))
}
