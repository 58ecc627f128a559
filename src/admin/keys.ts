// Who may call the Admin API: the key's role and the client's address.
import { hash, timingSafeEqual } from 'node:crypto'
import type { CidrSet } from '../lib/cidr.ts'
import { type AdminAnswer, type AdminRequest, page, refuse } from './message.ts'

export interface AdminKey {
  key: string
  /** `viewer` may read. */
  role: 'admin' | 'viewer'
}

/** The role of the caller, or the answer that refuses it. Keys stand in X-API-KEY, `?api_key=` or the cookie x_api_key. */
export function authenticate(
  request: AdminRequest,
  keys: readonly AdminKey[],
  allowed: CidrSet,
): AdminKey | AdminAnswer {
  if (!allowed.has(request.remoteAddress)) return page(403, 'Forbidden')
  const given = request.query.get('api_key') ?? request.header('x-api-key') ?? cookieKey(request.header('cookie'))
  if (given === undefined) return fail('missing apikey')
  const key = findKey(given, keys)
  if (!key) return fail('wrong apikey')
  if (key.role === 'viewer' && !['GET', 'HEAD'].includes(request.method)) return fail('invalid method for role viewer')
  return key
}

function findKey(given: string, keys: readonly AdminKey[]): AdminKey | undefined {
  const digest = digestOf(given)
  let found: AdminKey | undefined
  // Every key is compared in constant time, so that timing tells nothing about any of them.
  for (const key of keys) if (key.key !== '' && timingSafeEqual(digestOf(key.key), digest)) found = key
  return found
}

function digestOf(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function cookieKey(cookie: string | undefined): string | undefined {
  return /(?:^|;\s*)x_api_key=([^;]*)/.exec(cookie ?? '')?.[1]
}

function fail(description: string): AdminAnswer {
  return refuse(401, 'failed to check token', { description })
}
