// Who may call: authentication, origins, the key of the Admin API, secrets that stand where everybody reads them.
import { isHidden, redact } from '../../lib/redact.ts'
import { type Kind, pluginsIn, type Resource } from '../../resources/kinds.ts'
import type { WishedChange } from '../plan.ts'
import type { Found, Rule, Surroundings } from './contract.ts'

const AUTHENTICATION = /(?:-auth|^openid-connect|^jwe-decrypt|^authz-|^ip-restriction)$/
/** Plugins after which a request never reaches an API. */
const ANSWERS_ITSELF = ['redirect', 'mocking']
const WRITES = ['POST', 'PUT', 'PATCH', 'DELETE']

/** True when a route that runs these plugins asks who is calling. */
export function asksWho(plugins: Resource): boolean {
  return Object.keys(plugins).some((name) => AUTHENTICATION.test(name))
}

const openWrites: Rule = {
  name: 'open-writes',
  severity: 'high',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }): Found[] => {
      const plugins = inventory.pluginsOf(value)
      const methods = (value.methods as string[] | undefined) ?? []
      const writes = methods.length ? methods.filter((one) => WRITES.includes(one)) : WRITES
      if (!writes.length || asksWho(plugins) || ANSWERS_ITSELF.some((name) => name in plugins)) return []
      const named = methods.length ? writes.join(', ') : 'every method, writing ones too,'
      return [
        {
          resource: `routes/${id}`,
          severity: methods.length ? 'high' : 'medium',
          problem: `takes ${named} from anybody`,
          advice: 'ask for an API key (key-auth), or name only reading methods',
          fix: onRoute(id, { plugins: { 'key-auth': {} } }),
        },
      ]
    }),
}

const corsCredentials: Rule = {
  name: 'cors-credentials',
  severity: 'high',
  find: ({ inventory }) =>
    holders(inventory).flatMap(({ kind, id, value }): Found[] => {
      const cors = pluginsIn(value).cors
      if (cors?.allow_credential !== true) return []
      const patterns = (cors.allow_origins_by_regex as string[] | undefined) ?? []
      const everybody = /^\*{1,2}$/.test(String(cors.allow_origins ?? '*'))
        ? !patterns.length
        : patterns.some((one) => /^\^?\.[*+]\$?$/.test(one))
      if (!everybody) return []
      return [
        {
          resource: `${kind}/${id}`,
          problem:
            'pages of every site may call with the cookies of their visitors (cors: any origin with credentials)',
          advice: 'allow no credentials, or name the origins',
          fix: [{ action: 'change', kind, id, set: { plugins: { cors: { allow_credential: false } } } }],
        },
      ]
    }),
}

/** Keys that stand in documents and examples of APISIX. */
const WELL_KNOWN_ADMIN_KEYS = ['edd1c9f034335f136f87ad84b625c8f1', '4054f7cf07e344346cd3f287985e76a2']
/** Characters that a key, password or secret has at least. */
export const MIN_KEY_LENGTH = 16

const adminKey: Rule = {
  name: 'admin-key',
  severity: 'high',
  find: ({ adminKey: key }) => {
    const wellKnown = WELL_KNOWN_ADMIN_KEYS.includes(key)
    if (!wellKnown && key.length >= MIN_KEY_LENGTH) return []
    return [
      {
        resource: 'target',
        problem: wellKnown
          ? 'the Admin API uses the key of the examples, which everybody knows'
          : `the key of the Admin API has ${key.length} characters and can be guessed`,
        advice: 'set a long random key in the settings of the gateway, then restart it',
      },
    ]
  },
}

const plainSecrets: Rule = {
  name: 'plain-secret',
  severity: 'medium',
  find: ({ inventory }) =>
    holders(inventory).flatMap(({ kind, id, value }): Found[] => {
      const places = hiddenPlaces(redact(kind, pluginsIn(value) && { plugins: pluginsIn(value) }), '')
      return places.map((place) => ({
        resource: `${kind}/${id}`,
        problem: `${place} holds a secret in plain text`,
        advice: 'put a reference there: $env://NAME, or $secret://vault/1/PATH/MEMBER of a secret manager',
      }))
    }),
}

function hiddenPlaces(value: unknown, path: string): string[] {
  if (isHidden(value)) return [path]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([name, member]) => hiddenPlaces(member, path ? `${path}.${name}` : name))
}

type Holder = { kind: Kind; id: string; value: Resource }

/** Resources whose plugins serve requests of several callers. */
export function holders(inventory: Surroundings['inventory']): Holder[] {
  return (['routes', 'services', 'plugin_configs', 'global_rules'] as const).flatMap((kind) =>
    inventory.list(kind).map(({ id, value }) => ({ kind, id, value })),
  )
}

export function enabledRoutes<T extends { value: Resource }>(routes: readonly T[]): T[] {
  return routes.filter((one) => one.value.status !== 0)
}

export function onRoute(id: string, set: Resource): WishedChange[] {
  return [{ action: 'change', kind: 'routes', id, set }]
}

export const accessRules: readonly Rule[] = [openWrites, corsCredentials, adminKey, plainSecrets]
