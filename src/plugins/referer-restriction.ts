// Lets requests pass or not by the host in their Referer.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'

const hosts = (title: string, description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: '^\\*?[0-9a-zA-Z-._\\[\\]:]+$' }), {
      title,
      description,
      minItems: 1,
      examples: [['example.com', '*.example.com']],
    }),
  )

const schema = Type.Object({
  bypass_missing: Type.Boolean({
    title: 'Pass without',
    description: 'let requests with no or a malformed Referer pass',
    default: false,
    examples: [true],
  }),
  whitelist: hosts('Allowed', 'hosts that alone may pass; `*.` stands for anything in front'),
  blacklist: hosts('Refused', 'hosts that may not pass'),
  message: Type.String({
    title: 'Message',
    description: 'message of a refusal',
    minLength: 1,
    maxLength: 1024,
    default: 'Your referer host is not allowed',
    examples: ['open this from our pages'],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'referer-restriction',
  version: 0.1,
  priority: 2990,
  schema: Type.Partial(schema, { oneOf: [{ required: ['whitelist'] }, { required: ['blacklist'] }] }),
  setup(conf) {
    const wanted = conf.whitelist !== undefined
    const listed = conf.whitelist ?? conf.blacklist ?? []
    const refusal = { status: 403, body: { message: conf.message } }
    return {
      access({ request }) {
        const host = hostOf(request.headers.get('referer'))
        if (host === undefined) return conf.bypass_missing ? undefined : refusal
        return listed.some((one) => matches(one, host)) === wanted ? undefined : refusal
      },
    }
  },
})

/** The host as written, without port; undefined when the header is absent or no http address. */
function hostOf(referer: string | undefined): string | undefined {
  return /^https?:\/\/(\[[^\]]*\]|[^:/?#@]+)(?::\d+)?(?:[/?#]|$)/i.exec(referer ?? '')?.[1]
}

function matches(pattern: string, host: string): boolean {
  return pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : host === pattern
}
