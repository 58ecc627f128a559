// What the claims of a token must be beyond its signature: granted scopes and the audience. Each refusal is a Reply.
import { decodeJwt, type JWTPayload } from 'jose'
import type { Reply } from '../../gateway/plugin.ts'
import type { Conf } from './schema.ts'

/** 403 when a required scope was not granted. `scopes`: as tokens carry them, in one text or a list. */
export function refuseScopes(conf: Conf, scopes: unknown): Reply | undefined {
  const required = conf.required_scopes ?? []
  if (required.length === 0) return undefined
  const granted = new Set(Array.isArray(scopes) ? scopes : typeof scopes === 'string' ? scopes.split(' ') : [])
  return required.every((one) => granted.has(one))
    ? undefined
    : { status: 403, body: { error: `required scopes ${required.join(', ')} not present` } }
}

/** 403 when a bearer token is for somebody else. */
export function refuseAudience(conf: Conf, claims: JWTPayload): Reply | undefined {
  const { claim = 'aud', required, match_with_client_id: own } = conf.claim_validator?.audience ?? {}
  if (!required && !own) return undefined
  const audience = claims[claim]
  if (audience === undefined) return { status: 403, body: { error: 'required audience claim not present' } }
  const fits = Array.isArray(audience) ? audience.includes(conf.client_id) : audience === conf.client_id
  return own && !fits ? { status: 403, body: { error: 'mismatched audience' } } : undefined
}

/** The claims of a JWT that has been checked before; none for an opaque token. */
export function claimsOf(token: string | undefined): JWTPayload {
  try {
    return token === undefined ? {} : decodeJwt(token)
  } catch {
    // An opaque token is no fault: it has no claims to read.
    return {}
  }
}
