// Who may call: keys, tokens, passwords, consumers, lists of addresses.
import { randomBytes } from 'node:crypto'
import Type from 'typebox'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError, type Secret } from '../contract.ts'
import type { Found } from '../one-by-one.ts'
import type { WishedChange } from '../plan.ts'
import {
  ANSWERED,
  type Around,
  AUTHENTICATION,
  consumersOf,
  defineIntent,
  type Intended,
  probeOf,
  withPlugins,
} from './contract.ts'

/** The consumer that is made where a route asks who is calling and nobody could. */
const FIRST_CONSUMER = 'app'

export const requireKey = defineIntent({
  name: 'require_key',
  fields: Type.Object({ header: Type.Optional(Type.String({ description: 'header of the key; apikey when absent' })) }),
  run({ header }, around) {
    const route = around.route()
    const probe = probeOf(route.value)
    const holder = holderOf('key-auth', 'key', around)
    const made = holder ? undefined : makeConsumer(FIRST_CONSUMER, around)
    const consumer = holder ?? FIRST_CONSUMER
    const credential = {
      kind: 'consumers' as const,
      id: consumer,
      plugin: 'key-auth',
      field: 'key',
      header: header ?? 'apikey',
    }
    return {
      changes: [...withPlugins(route, { 'key-auth': header ? { header } : {} }, around), ...(made?.changes ?? [])],
      secrets: made?.secrets ?? [],
      expectations: [
        { title: 'no key', ...probe, expect: { status: [401] } },
        {
          title: `key of ${consumer}`,
          ...probe,
          credential,
          expect: { status: ANSWERED.filter((one) => one !== 401), shown: 'an answer' },
        },
      ],
    }
  },
})

export const requireJwt = defineIntent({
  name: 'require_jwt',
  fields: Type.Object({ header: Type.Optional(Type.String()) }),
  run({ header }, around) {
    const route = around.route()
    const secret = secretText()
    const isNew = holderOf('jwt-auth', 'key', around) === undefined
    return {
      changes: [
        ...withPlugins(route, { 'jwt-auth': header ? { header } : {} }, around),
        ...(isNew ? giveConsumer(FIRST_CONSUMER, { 'jwt-auth': { key: FIRST_CONSUMER, secret } }, around) : []),
      ],
      secrets: isNew
        ? [
            {
              label: `secret that signs tokens of consumer ${FIRST_CONSUMER} (HS256, claim key: ${FIRST_CONSUMER})`,
              value: secret,
            },
          ]
        : [],
      expectations: [{ title: 'no token', ...probeOf(route.value), expect: { status: [401] } }],
    }
  },
})

export const requirePassword = defineIntent({
  name: 'require_password',
  fields: Type.Object({}),
  run(_, around) {
    const route = around.route()
    const password = secretText()
    const isNew = holderOf('basic-auth', 'username', around) === undefined
    return {
      changes: [
        ...withPlugins(route, { 'basic-auth': {} }, around),
        ...(isNew
          ? giveConsumer(FIRST_CONSUMER, { 'basic-auth': { username: FIRST_CONSUMER, password } }, around)
          : []),
      ],
      secrets: isNew ? [{ label: `password of user ${FIRST_CONSUMER}`, value: password }] : [],
      expectations: [{ title: 'no password', ...probeOf(route.value), expect: { status: [401] } }],
    }
  },
})

export const addConsumer = defineIntent({
  name: 'add_consumer',
  fields: Type.Object({ consumer: Type.String({ description: 'name; gets an API key' }) }),
  run({ consumer }, around) {
    const name = toName(consumer)
    if (around.inventory.get('consumers', name))
      throw new OperationError('conflict', `there is a consumer ${name} already; new_key gives it a new key`)
    return makeConsumer(name, around)
  },
})

export const newKey = defineIntent({
  name: 'new_key',
  fields: Type.Object({ consumer: Type.String() }),
  run({ consumer }, around) {
    if (!around.inventory.get('consumers', consumer))
      throw new OperationError(
        'not_found',
        `there is no consumer ${JSON.stringify(consumer)}; there are: ${consumersOf(around.inventory)}`,
      )
    return makeConsumer(consumer, around)
  },
})

const NAMES = Type.Array(Type.String(), { minItems: 1 })

export const onlyConsumers = defineIntent({
  name: 'only_consumers',
  fields: Type.Object({ consumers: NAMES }),
  run({ consumers }, around) {
    const route = around.route()
    mustExist(consumers, around)
    return {
      changes: withPlugins(route, { 'consumer-restriction': { whitelist: consumers, blacklist: null } }, around),
      notes: unlessAsking(route, around),
    }
  },
})

export const allowConsumer = defineIntent({
  name: 'allow_consumer',
  fields: Type.Object({ consumer: Type.String({ description: 'made with an API key when there is none' }) }),
  run({ consumer }, around) {
    const route = around.route()
    const made = around.inventory.get('consumers', consumer) ? undefined : makeConsumer(toName(consumer), around)
    const { whitelist, blacklist } = (pluginsIn(route.value)['consumer-restriction'] ?? {}) as Record<string, string[]>
    const others = blacklist?.filter((one) => one !== consumer)
    const restriction =
      whitelist && !whitelist.includes(consumer)
        ? { whitelist: union(whitelist, [consumer]) }
        : others && others.length < (blacklist?.length ?? 0)
          ? others.length
            ? { blacklist: others }
            : null
          : undefined
    const opened = restriction === undefined ? [] : withPlugins(route, { 'consumer-restriction': restriction }, around)
    if (!made && !opened.length)
      throw new OperationError('invalid', `consumer ${consumer} is not kept out of routes/${route.id}`)
    return { changes: [...opened, ...(made?.changes ?? [])], secrets: made?.secrets ?? [] }
  },
})

export const block = defineIntent({
  name: 'block',
  fields: Type.Object({
    ips: Type.Optional(NAMES),
    agents: Type.Optional(NAMES),
    paths: Type.Optional(NAMES),
    referers: Type.Optional(NAMES),
    consumers: Type.Optional(NAMES),
  }),
  run({ ips, agents, paths, referers, consumers }, around) {
    const route = around.route()
    const now = pluginsIn(route.value)
    const probe = probeOf(route.value)
    const plugins: Resource = {}
    if (ips) plugins['ip-restriction'] = { blacklist: union(now['ip-restriction']?.blacklist, ips), whitelist: null }
    if (agents)
      plugins['ua-restriction'] = {
        denylist: union(now['ua-restriction']?.denylist, agents),
        allowlist: null,
        bypass_missing: true,
      }
    if (paths) plugins['uri-blocker'] = { block_rules: union(now['uri-blocker']?.block_rules, paths) }
    if (referers)
      plugins['referer-restriction'] = {
        blacklist: union(now['referer-restriction']?.blacklist, referers),
        whitelist: null,
        bypass_missing: true,
      }
    if (consumers) {
      mustExist(consumers, around)
      plugins['consumer-restriction'] = { blacklist: union(now['consumer-restriction']?.blacklist, consumers) }
    }
    if (!Object.keys(plugins).length)
      throw new OperationError('invalid', 'block needs ips, agents, paths, referers or consumers')
    const agent = agents?.[0]
    return {
      changes: withPlugins(route, plugins, around),
      notes: consumers ? unlessAsking(route, around) : [],
      expectations: agent
        ? [
            {
              title: `${agent} is refused`,
              ...probe,
              headers: { ...probe.headers, 'User-Agent': agent },
              expect: { status: [403] },
            },
          ]
        : [],
    }
  },
})

export const unblock = defineIntent({
  name: 'unblock',
  fields: Type.Object({ ips: Type.Optional(NAMES), agents: Type.Optional(NAMES) }),
  run({ ips = [], agents = [] }, around) {
    const route = around.route()
    const now = pluginsIn(route.value)
    const without = (plugin: string, list: string, gone: string[]): Resource => {
      const before = (now[plugin]?.[list] ?? []) as string[]
      const left = before.filter((one) => !gone.includes(one))
      if (left.length === before.length) return {}
      return { [plugin]: left.length ? { [list]: left } : null }
    }
    const plugins = { ...without('ip-restriction', 'blacklist', ips), ...without('ua-restriction', 'denylist', agents) }
    if (!Object.keys(plugins).length)
      throw new OperationError(
        'invalid',
        `routes/${route.id} does not block ${[...ips, ...agents].join(', ') || 'that'}`,
      )
    return { changes: withPlugins(route, plugins, around) }
  },
})

export const onlyIps = defineIntent({
  name: 'only_ips',
  fields: Type.Object({ ips: NAMES, also: Type.Optional(Type.Boolean({ description: 'beside those of now' })) }),
  run({ ips, also = false }, around) {
    const route = around.route()
    const now = pluginsIn(route.value)['ip-restriction']?.whitelist
    if (also && !Array.isArray(now))
      throw new OperationError(
        'invalid',
        `routes/${route.id} has no list of addresses that may call, so that ${ips.join(', ')} is not kept out by one; only_ips without also makes one`,
      )
    const whitelist = also ? union(now, ips) : ips
    return { changes: withPlugins(route, { 'ip-restriction': { whitelist, blacklist: null } }, around) }
  },
})

/** A consumer with an API key: a new one, or the one that is there with a new key. */
function makeConsumer(name: string, around: Around): Required<Pick<Intended, 'changes' | 'secrets'>> {
  const key = secretText()
  const secrets: Secret[] = [{ label: `API key of consumer ${name} (send it in the header apikey)`, value: key }]
  return { changes: giveConsumer(name, { 'key-auth': { key } }, around), secrets }
}

function giveConsumer(name: string, plugins: Resource, { inventory, earlier }: Around): WishedChange[] {
  const known = inventory.get('consumers', name) ?? earlier.find((one) => one.kind === 'consumers' && one.id === name)
  return [{ action: known ? 'change' : 'create', kind: 'consumers', id: name, set: { username: name, plugins } }]
}

function holderOf(plugin: string, field: string, { inventory, earlier }: Around): string | undefined {
  const has = (value: Resource | undefined): boolean => typeof pluginsIn(value)[plugin]?.[field] === 'string'
  return (
    inventory.list('consumers').find((one) => has(one.value))?.id ??
    earlier.find((one) => one.kind === 'consumers' && has(one.set))?.id
  )
}

function mustExist(consumers: string[], { inventory, earlier }: Around): void {
  const missing = consumers.filter(
    (name) => !inventory.get('consumers', name) && !earlier.some((one) => one.kind === 'consumers' && one.id === name),
  )
  if (missing.length)
    throw new OperationError('not_found', `there is no consumer ${missing.join(', ')}; add_consumer makes one`)
}

/** A restriction knows who is calling only where something has asked, and refuses everybody else. */
function unlessAsking(route: Found, { inventory, earlier }: Around): string[] {
  const planned = earlier.filter((one) => one.kind === 'routes' && one.id === route.id).map((one) => pluginsIn(one.set))
  const asking = [inventory.pluginsOf(route.value), ...planned].some((one) =>
    Object.keys(one).some((name) => AUTHENTICATION.test(name)),
  )
  return asking
    ? []
    : [
        `routes/${route.id} does not ask who is calling, so that consumer-restriction refuses every call; require_key makes it ask`,
      ]
}

function toName(text: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(text))
    throw new OperationError(
      'invalid',
      `${JSON.stringify(text.slice(0, 100))} is no name of a consumer; it has letters, digits, _ and -`,
    )
  return text
}

function union(before: unknown, more: string[]): string[] {
  return [...new Set([...(Array.isArray(before) ? before.map(String) : []), ...more])]
}

function secretText(): string {
  return `gw_${randomBytes(18).toString('base64url')}`
}
