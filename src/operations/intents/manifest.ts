// The manifest by which a plugin of 2023 or a GPT action finds an API: a route that answers with it by itself. It stays readable for everybody, since
// it tells how to sign in; what it tells follows what the API's route asks for.
import { type PluginConfs, pluginsIn, type Resource } from '../../resources/kinds.ts'
import type { Inventory } from '../inventory.ts'
import { AUTHENTICATION } from '../open-beside.ts'
import { merge } from '../patch.ts'
import type { WishedChange } from '../plan.ts'

/** Written by the gateway: the addresses in a manifest are those by which a client came. */
const ORIGIN = '$scheme://$http_host'

interface Manifest {
  auth: Resource
  logo_url: string
}

/** Plugins of the route of a new manifest. `beside`: where its document is; `server`: where the API's paths are. */
export function manifestPlugins(called: string, base: URL, beside: string, server: string): Resource {
  const name = called.replace(/[^\w.-]+/g, ' ').trim() || 'api'
  return answerWith({
    schema_version: 'v1',
    name_for_model: name.replace(/\W+/g, '_').slice(0, 50),
    name_for_human: name.slice(0, 20),
    description_for_model: `The operations of the API ${name}, which stands behind an API gateway.`,
    description_for_human: `Use the API ${name}.`,
    auth: NONE,
    api: { type: 'openapi', url: `${ORIGIN}${beside}/openapi.json` },
    logo_url: `${ORIGIN}${server.replace(/\/$/, '')}/logo.png`,
    contact_email: `postmaster@${base.hostname}`,
    legal_info_url: base.origin,
  })
}

function answerWith(manifest: object): Resource {
  return {
    mocking: {
      content_type: 'application/json',
      with_mock_header: false,
      response_example: JSON.stringify(manifest),
    },
  }
}

/** The manifest that a route answers with; undefined for other routes. */
export function manifestOf(route: Resource | undefined): Manifest | undefined {
  const example = pluginsIn(route).mocking?.response_example
  if (typeof example !== 'string' || !example.startsWith('{"schema_version":')) return undefined
  try {
    const manifest = JSON.parse(example) as Manifest
    return String(manifest.logo_url).startsWith(ORIGIN) ? manifest : undefined
  } catch {
    return undefined // somebody's own text
  }
}

/** What manifests have to say otherwise after these changes, and what they cannot. */
export function manifestChanges(
  changes: readonly WishedChange[],
  inventory: Inventory,
): { changes: WishedChange[]; notes: string[] } {
  const routes = routesAfter(changes, inventory)
  const told: { changes: WishedChange[]; notes: string[] } = { changes: [], notes: [] }
  for (const [id, route] of routes) {
    const manifest = manifestOf(route)
    const api = manifest && routeOf(manifest.logo_url.slice(ORIGIN.length), routes)
    if (!api) continue
    const asks = authentication(api, changes, inventory)
    const auth = authOf(asks)
    if (!auth)
      told.notes.push(`routes/${id}, the manifest, cannot say how to sign in with ${Object.keys(asks).join(', ')}`)
    else if (JSON.stringify(auth) !== JSON.stringify(manifest.auth)) {
      told.changes.push({ action: 'change', kind: 'routes', id, set: { plugins: answerWith({ ...manifest, auth }) } })
      told.notes.push(`routes/${id}, the manifest, stays open to everybody: it tells how to sign in (${auth.type})`)
    }
  }
  return told
}

function routesAfter(changes: readonly WishedChange[], inventory: Inventory): Map<string, Resource> {
  const routes = new Map(inventory.list('routes').map((one) => [one.id, one.value]))
  for (const { action, kind, id, set } of changes) {
    if (kind !== 'routes' || id === undefined) continue
    if (action === 'delete') routes.delete(id)
    else routes.set(id, merge(routes.get(id) ?? {}, set ?? {}))
  }
  return routes
}

/** The route with the longest prefix that takes a path. */
function routeOf(path: string, routes: ReadonlyMap<string, Resource>): Resource | undefined {
  const prefix = (route: Resource): string => String(route.uri ?? '').replace(/\*$/, '')
  return [...routes.values()]
    .filter((one) => String(one.uri ?? '').endsWith('*') && one.status !== 0 && path.startsWith(prefix(one)))
    .sort((a, b) => prefix(b).length - prefix(a).length)[0]
}

function authentication(route: Resource, changes: readonly WishedChange[], inventory: Inventory): PluginConfs {
  const global = changes.filter((one) => one.kind === 'global_rules').map((one) => pluginsIn(one.set))
  const plugins = Object.assign({}, ...global, inventory.pluginsOf(route)) as Record<string, Resource | null>
  return Object.fromEntries(
    Object.entries(plugins).filter((one): one is [string, Resource] => one[1] !== null && AUTHENTICATION.test(one[0])),
  )
}

const NONE = { type: 'none' }
const BEARER = { type: 'user_http', instructions: 'Sign in with your token.', authorization_type: 'bearer' }
const BASIC = { type: 'user_http', instructions: 'Sign in with your name and password.', authorization_type: 'basic' }

/** How a manifest says it; undefined: it has no words for that. */
function authOf(plugins: PluginConfs): Resource | undefined {
  const [[name, conf] = ['', {}], ...others] = Object.entries(plugins)
  if (name === '') return NONE
  if (others.length) return undefined
  if (name === 'key-auth')
    // As GPT actions write it: in 2023 there were only bearer and basic, and this gateway wants the bare key in a header of its own.
    return {
      type: 'service_http',
      instructions: `Send your API key in the header ${String(conf.header ?? 'apikey')}.`,
      authorization_type: 'custom',
      custom_auth_header: String(conf.header ?? 'apikey'),
      verification_tokens: {},
    }
  if (name === 'jwt-auth' && /^authorization$/i.test(String(conf.header ?? 'authorization'))) return BEARER
  if (name === 'openid-connect' && conf.bearer_only === true) return BEARER
  return name === 'basic-auth' || name === 'ldap-auth' ? BASIC : undefined
}
