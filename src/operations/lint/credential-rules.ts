// What callers prove themselves with: credentials that can be guessed or that two share, passwords sent in clear, tokens without an end.
import { isReference } from '../../lib/reference.ts'
import { type PluginConfs, pluginsIn, type Resource } from '../../resources/kinds.ts'
import type { Inventory } from '../inventory.ts'
import { enabledRoutes, holders, MIN_KEY_LENGTH, onRoute } from './access-rules.ts'
import type { Found, Rule, Surroundings } from './contract.ts'

/** By plugin; a password has a name beside it. */
const CREDENTIALS: Record<string, { field: string; what: string; identifies: boolean }> = {
  'key-auth': { field: 'key', what: 'API key', identifies: true },
  'basic-auth': { field: 'password', what: 'password', identifies: false },
  'jwt-auth': { field: 'secret', what: 'secret for tokens', identifies: false },
  'hmac-auth': { field: 'secret_key', what: 'secret for signatures', identifies: false },
}

/** One place where a consumer's secrets stand: the consumer itself, or a credential of it. */
interface Keeper {
  consumer: string
  resource: string
  secrets: { plugin: string; secret: string }[]
}

/** References to secrets elsewhere are left out. */
function keepers({ inventory, credentials }: Pick<Surroundings, 'inventory' | 'credentials'>): Keeper[] {
  const secretsOf = (value: Resource): Keeper['secrets'] =>
    Object.entries(CREDENTIALS).flatMap(([plugin, { field }]) => {
      const secret = pluginsIn(value)[plugin]?.[field]
      return typeof secret === 'string' && !isReference(secret) ? [{ plugin, secret }] : []
    })
  const own = inventory.list('consumers').map(({ id, value }) => ({
    consumer: id,
    resource: `consumers/${id}`,
    secrets: secretsOf(value),
  }))
  const others = credentials.found.map(({ id, value }) => ({
    consumer: id.slice(0, id.indexOf('/')),
    resource: `credentials/${id}`,
    secrets: secretsOf(value),
  }))
  return [...own, ...others]
}

const weakKeys: Rule = {
  name: 'weak-key',
  severity: 'medium',
  find: (around) =>
    keepers(around).flatMap(({ resource, secrets }): Found[] => {
      const weak = secrets.filter(({ secret }) => secret.length < MIN_KEY_LENGTH)
      if (!weak.length) return []
      const told = weak.map(({ plugin, secret }) => `its ${CREDENTIALS[plugin]?.what} has ${secret.length} characters`)
      const advice = weak.some(({ plugin }) => plugin === 'key-auth')
        ? 'give it a new key: "Rotate NAME\'s key"'
        : `take one of at least ${MIN_KEY_LENGTH} random characters`
      return [{ resource, problem: `${told.join(' and ')} and can be guessed`, advice }]
    }),
}

/** Gateward refuses two consumers with one key; an APISIX takes either of them. */
const sharedKeys: Rule = {
  name: 'shared-key',
  severity: 'high',
  find: (around) => {
    const owners = new Map<string, string>()
    return keepers(around).flatMap(({ consumer, resource, secrets }) =>
      secrets.flatMap(({ plugin, secret }): Found[] => {
        const credential = CREDENTIALS[plugin]
        const known = `${plugin} ${secret}`
        const owner = owners.get(known)
        if (owner === undefined) owners.set(known, consumer)
        if (owner === undefined || owner === consumer) return []
        return [
          {
            resource,
            severity: credential?.identifies ? 'high' : 'low',
            problem: `has the same ${credential?.what} as consumer ${owner}`,
            advice: credential?.identifies
              ? 'which of them is calling cannot be told: give one of them a new key'
              : 'who knows one of them can be the other: give each its own',
          },
        ]
      }),
    )
  },
}

const unread: Rule = {
  name: 'credentials-unread',
  severity: 'low',
  find: ({ credentials: { unread: consumers } }) =>
    consumers === 0
      ? []
      : [
          {
            resource: 'target',
            problem: `the credentials of ${consumers} more consumers were not looked at`,
            advice: 'they are read one consumer at a time, and only of the first: look at the others yourself',
          },
        ],
}

const PASSWORDS = ['basic-auth', 'ldap-auth']

const clearPasswords: Rule = {
  name: 'password-in-clear',
  severity: 'low',
  find: ({ inventory }) =>
    enabledRoutes(inventory.list('routes')).flatMap(({ id, value }): Found[] => {
      const plugins = inventory.pluginsOf(value)
      const asking = PASSWORDS.find((name) => asksFor(plugins, name))
      const encrypted = plugins.redirect?.http_to_https === true || JSON.stringify(value.vars ?? '').includes('"https"')
      if (asking === undefined || encrypted) return []
      return [
        {
          resource: `routes/${id}`,
          problem: `takes passwords (${asking}) over plain HTTP too`,
          advice:
            'send callers to https (redirect with http_to_https); where TLS ends in front of the gateway, leave it',
          ...(hasCertificate(inventory, value)
            ? { fix: onRoute(id, { plugins: { redirect: { http_to_https: true } } }) }
            : {}),
        },
      ]
    }),
}

/** Itself, or as one of several ways. */
function asksFor(plugins: PluginConfs, name: string): boolean {
  const ways = plugins['multi-auth']?.auth_plugins
  return name in plugins || (Array.isArray(ways) && ways.some((way) => way !== null && Object.hasOwn(way, name)))
}

/** Whether an ssl resource covers all hosts of a route; without hosts, whether there is one at all. */
function hasCertificate(inventory: Inventory, route: Resource): boolean {
  const names = inventory.list('ssls').flatMap(({ value }) => [value.sni, ...((value.snis as unknown[]) ?? [])])
  const hosts = [route.host, ...((route.hosts as unknown[]) ?? [])].filter((host) => typeof host === 'string')
  const covers = (name: unknown, host: string): boolean =>
    name === host || (typeof name === 'string' && name.startsWith('*.') && host.endsWith(name.slice(1)))
  return names.some(Boolean) && hosts.every((host) => names.some((name) => covers(name, host)))
}

const endlessTokens: Rule = {
  name: 'endless-token',
  severity: 'low',
  find: ({ inventory }) =>
    holders(inventory).flatMap(({ kind, id, value }): Found[] => {
      const jwt = pluginsIn(value)['jwt-auth']
      const claims = (jwt?.claims_to_verify as string[] | undefined) ?? []
      if (!jwt || claims.includes('exp')) return []
      const set = { plugins: { 'jwt-auth': { claims_to_verify: ['exp', ...claims] } } }
      return [
        {
          resource: `${kind}/${id}`,
          problem: 'takes tokens that never expire: one that leaks is good for ever',
          advice: 'ask for the claim exp (jwt-auth, claims_to_verify)',
          fix: [{ action: 'change', kind, id, set }],
        },
      ]
    }),
}

export const credentialRules: readonly Rule[] = [weakKeys, sharedKeys, unread, clearPasswords, endlessTokens]
