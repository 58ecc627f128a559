// The proxies through which a provider is asked.
import Type, { type Static } from 'typebox'
import { isReference } from '../../lib/reference.ts'
import { text } from '../../lib/schema-types.ts'

export const proxySchema = Type.Object(
  {
    http_proxy: Type.Optional(
      text('For http', 'address of the proxy for http addresses of the provider', 'http://127.0.0.1:3128'),
    ),
    https_proxy: Type.Optional(text('For https', 'the same for https addresses, by CONNECT', 'http://127.0.0.1:3128')),
    http_proxy_authorization: Type.Optional(
      text('Proof for http', '`Basic` and base64 of `user:password`', 'Basic dXNlcjpwYXNz'),
    ),
    https_proxy_authorization: Type.Optional(
      text('Proof for https', '`Basic` and base64 of `user:password`', 'Basic dXNlcjpwYXNz'),
    ),
    no_proxy: Type.Optional(
      text('Without proxy', 'hosts that are asked directly, between commas', 'login.internal,127.0.0.1'),
    ),
  },
  {
    title: 'Proxy',
    description: 'how the provider is asked through a proxy',
    additionalProperties: false,
    examples: [{ https_proxy: 'http://127.0.0.1:3128' }],
  },
)
type ProxyConf = Static<typeof proxySchema>

const SCHEMES = ['http', 'https'] as const
const BASIC = /^basic ([A-Za-z0-9+/]+={0,2})$/i

/** Throws when no request can be made in this way. */
export function checkProxy(conf: ProxyConf): void {
  for (const scheme of SCHEMES) {
    const { [`${scheme}_proxy` as const]: address, [`${scheme}_proxy_authorization` as const]: proof } = conf
    const protocol = address === undefined || isReference(address) ? 'http:' : URL.parse(address)?.protocol
    if (protocol !== 'http:' && protocol !== 'https:')
      throw new Error(`property "proxy_opts.${scheme}_proxy" must be an address such as http://127.0.0.1:3128`)
    if (proof !== undefined && !isReference(proof) && !decode(proof)?.includes(':'))
      throw new Error(`property "proxy_opts.${scheme}_proxy_authorization" must be Basic and base64 of user:password`)
  }
}

/** For the HTTP client: the proof stands in the address. */
export function proxyOf(conf: ProxyConf): {
  http: string | undefined
  https: string | undefined
  none: string | undefined
} {
  const [http, https] = SCHEMES.map((scheme) =>
    withProof(conf[`${scheme}_proxy`], conf[`${scheme}_proxy_authorization`]),
  )
  return { http, https, none: conf.no_proxy }
}

function withProof(address: string | undefined, proof: string | undefined): string | undefined {
  if (address === undefined || proof === undefined) return address
  const known = decode(proof) ?? ''
  const colon = known.indexOf(':')
  const url = new URL(address)
  url.username = encodeURIComponent(known.slice(0, colon))
  url.password = encodeURIComponent(known.slice(colon + 1))
  return url.href
}

function decode(proof: string): string | undefined {
  const encoded = BASIC.exec(proof)?.[1]
  return encoded && Buffer.from(encoded, 'base64').toString()
}
