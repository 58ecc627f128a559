// Takes the client's address, as later plugins, the upstream and the log see it, from where a trusted proxy has written it.
import { isIP } from 'node:net'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { variable } from '../gateway/variables.ts'
import { CidrSet } from '../lib/cidr.ts'
import { AddressOrNetwork } from '../lib/schema-types.ts'

const schema = Type.Object({
  source: Type.String({
    title: 'Source',
    description: 'variable that has the address, such as arg_ip, http_x_real_ip or http_x_forwarded_for',
    minLength: 1,
    examples: ['http_x_forwarded_for'],
  }),
  trusted_addresses: Type.Optional(
    Type.Array(AddressOrNetwork, {
      title: 'Trusted',
      description: 'peers that may say who the client is; absent: all',
      minItems: 1,
      examples: [['127.0.0.0/8']],
    }),
  ),
  recursive: Type.Boolean({
    title: 'Recursive',
    description: 'of X-Forwarded-For take the last address that is not trusted, instead of the last',
    default: false,
    examples: [true],
  }),
})
type Conf = Static<typeof schema>

/** Addresses of X-Forwarded-For that are looked at, from its end. */
const MAX_ADDRESSES = 100

export default definePlugin<Conf>({
  name: 'real-ip',
  version: 0.1,
  priority: 23_000,
  schema: Type.Partial(schema, { required: ['source'] }),
  check(conf, kind) {
    if (kind === 'plugin') CidrSet.from(conf.trusted_addresses ?? [])
  },
  setup(conf) {
    const trusted = conf.trusted_addresses && CidrSet.from(conf.trusted_addresses)
    return {
      rewrite(ctx) {
        if (trusted && !trusted.has(ctx.remoteAddr)) return
        const found =
          conf.source === 'http_x_forwarded_for' ? forwardedFor(ctx, conf, trusted) : variable(ctx, conf.source)
        const address = found === undefined ? undefined : parse(String(found))
        if (!address) return
        ctx.remoteAddr = address.host
        if (address.port !== undefined) ctx.remotePort = address.port
      },
    }
  },
})

/** The last address of all X-Forwarded-For fields; with `recursive` the last that is not trusted, or the first when all are. */
function forwardedFor(ctx: Exchange, conf: Conf, trusted: CidrSet | undefined): string | undefined {
  const list = ctx.request.headers
    .getAll('x-forwarded-for')
    .flatMap((field) => field.split(','))
    .map((one) => one.trim())
    .slice(-MAX_ADDRESSES)
  if (!conf.recursive || !trusted) return list.at(-1)
  return list.findLast((one) => !trusted.has(parse(one)?.host ?? '')) ?? list[0]
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`. */
function parse(text: string): { host: string; port: number | undefined } | undefined {
  if (isIP(text)) return { host: text, port: undefined }
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = match?.[3] === undefined ? undefined : Number(match[3])
  if (host === undefined || !isIP(host) || port === 0 || (port ?? 0) > 65_535) return undefined
  return { host, port }
}
