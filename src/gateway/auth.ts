// What the authentication plugins share: the fields that each of them has, and the way of a request without valid credentials.
import Type from 'typebox'
import { withoutArgument } from '../lib/query.ts'
import { attachConsumer, type Identity } from './consumers.ts'
import type { Exchange } from './exchange.ts'
import type { PluginEnv, Reply } from './plugin.ts'

/** Fields that every authentication plugin has. `realm`: the default of its realm. */
export function authFields(realm: string) {
  return {
    hide_credentials: Type.Boolean({
      title: 'Hide credentials',
      description: 'keep the credentials from the upstream',
      default: false,
      examples: [true],
    }),
    anonymous_consumer: Type.Optional(
      Type.String({
        title: 'Anonymous consumer',
        description: 'consumer for requests without valid credentials',
        minLength: 1,
        examples: ['guest'],
      }),
    ),
    realm: Type.String({
      title: 'Realm',
      description: 'realm of the WWW-Authenticate header',
      default: realm,
      minLength: 1,
      pattern: '^[ -!#-[\\]-~]+$',
      examples: ['orders'],
    }),
  }
}

/** A 401 with a challenge: `scheme realm="..."`. */
export function challenger(scheme: string, realm: string): (message: string) => Reply {
  const headers = { 'WWW-Authenticate': `${scheme} realm="${realm}"` }
  return (message) => ({ status: 401, headers, body: { message } })
}

/** What the ends of all authentications depend on. */
interface AuthConf {
  hide_credentials: boolean
  anonymous_consumer?: string
}

/**
 * Ends an authentication: the request is that consumer's, or the anonymous one's, or refused. Credentials are hidden from the upstream in
 * each case: wrong ones may be right elsewhere.
 */
export function endAuthentication(
  ctx: Exchange,
  env: PluginEnv,
  conf: AuthConf,
  found: Identity | Reply,
  hide: (ctx: Exchange) => void,
): Reply | undefined {
  if ('consumer' in found) attachConsumer(ctx, found.consumer, found.credentialId)
  else if (conf.anonymous_consumer === undefined) return found
  else {
    const consumer = env.consumers.get(conf.anonymous_consumer)
    if (!consumer) return { ...found, body: { message: 'Invalid user authorization' } }
    attachConsumer(ctx, consumer)
  }
  if (conf.hide_credentials) hide(ctx)
  return undefined
}

export function hideAuthorization(ctx: Exchange): void {
  ctx.request.headers.remove('authorization')
}

/** Keeps a query argument from the upstream, also where another plugin has rewritten the address. */
export function hideArgument(ctx: Exchange, name: string): void {
  const { request } = ctx
  request.query = withoutArgument(request.query, name)
  const path = (ctx.upstreamUri ?? request.target).split('?', 1)[0]
  ctx.upstreamUri = request.query ? `${path}?${request.query}` : path
}

/**
 * User name and password of an Authorization header (RFC 7617 2: the password may hold colons); undefined when it has none. A line end after
 * them is what `echo` in a shell adds.
 */
export function basicCredentials(header: string): { username: string; password: string } | undefined {
  const encoded = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64')
    .toString()
    .replace(/\r?\n$/, '')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { username: text.slice(0, colon), password: text.slice(colon + 1) }
}

/** The answers to requests without valid Basic credentials. */
export function basicRefusals(realm: string): { missing: Reply; malformed: Reply; invalid: Reply } {
  const refuse = challenger('Basic', realm)
  return {
    missing: refuse('Missing authorization in request'),
    malformed: refuse('Invalid authorization in request'),
    invalid: refuse('Invalid user authorization'),
  }
}
