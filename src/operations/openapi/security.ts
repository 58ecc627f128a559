// Security schemes as authentication plugins. What needs something that only the owner has (a client secret), or that the gateway cannot do, is
// told; the request is then passed on as it is, and the API behind checks it itself.

import type { Json } from '../../lib/openapi-document.ts'
import type { Resource } from '../../resources/kinds.ts'
import type { Api } from './api.ts'
import type { Lost } from './lost.ts'

/** The plugins that ask for what an operation's security names; empty when it names nothing that a plugin can do. */
export function toPlugins(security: string[][], api: Api, lost: Lost, place: string): Record<string, Resource> {
  if (!security.length) return {}
  if (security.some((one) => !one.length)) {
    if (security.length > 1) lost.add('security that is optional: nobody is asked', place)
    return {}
  }
  const usable = security
    .map((names) => names.map((name) => toPlugin(name, api.schemes[name], lost)))
    .filter((plugins) => plugins.every((one) => one !== undefined))
    .map((plugins) => Object.assign({}, ...plugins) as Record<string, Resource>)
  const [first, ...others] = usable
  if (!first) return {}
  if (usable.length < security.length)
    lost.add(
      'other ways to sign in, which the gateway cannot check, are refused where it asks for one that it can',
      place,
    )
  if (!others.length) return first
  const single = usable.every((one) => Object.keys(one).length === 1)
  if (!single) {
    lost.add('alternatives of several schemes together: the first one is asked for', place)
    return first
  }
  return { 'multi-auth': { auth_plugins: usable } }
}

function toPlugin(name: string, scheme: Json | undefined, lost: Lost): Record<string, Resource> | undefined {
  const type = String(scheme?.type ?? '')
  const kind = `${type} ${String(scheme?.scheme ?? '')}`.trim().toLowerCase()
  if (type === 'apiKey' && scheme?.in === 'header') return { 'key-auth': { header: String(scheme.name) } }
  if (type === 'apiKey' && scheme?.in === 'query') return { 'key-auth': { query: String(scheme.name) } }
  if (kind === 'http basic' || type === 'basic') return { 'basic-auth': {} }
  if (kind === 'http bearer') return { 'jwt-auth': {} }
  const why = WHY[type] ?? 'no plugin knows it'
  lost.add(`the check of ${kind || 'an unknown'} security: ${why}; the API behind must check`, name)
  return undefined
}

const WHY: Record<string, string> = {
  oauth2: 'openid-connect needs a client id and secret that only you have',
  openIdConnect: 'openid-connect needs a client id and secret that only you have',
  apiKey: 'key-auth reads headers and query arguments, not cookies',
  mutualTLS: 'it belongs to the certificate of the ssl resource',
  http: 'no plugin knows this scheme',
}
