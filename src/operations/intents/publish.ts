// Putting the gateway in front of an API, and moving what is there.
import Type from 'typebox'
import { headerVariable } from '../../lib/header-fields.ts'
import { literal } from '../../lib/regex-literal.ts'
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import { freeId, slug } from '../ids.ts'
import type { Inventory } from '../inventory.ts'
import {
  ANSWERS,
  type Around,
  AUTHENTICATION,
  defineIntent,
  type Intended,
  onConsumer,
  onRoute,
  probeOf,
  toUrl,
  upstreamTo,
  withPlugins,
} from './contract.ts'

const METHODS = Type.Array(Type.Enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS']))

export const publish = defineIntent({
  name: 'publish',
  fields: Type.Object({
    path: Type.String({ description: 'path to serve, `/orders/*` for everything below' }),
    url: Type.Optional(Type.String({ description: 'where the API runs, http(s)://host:port' })),
    upstream: Type.Optional(Type.String({ description: 'id of one that is there, in place of url' })),
    host: Type.Optional(Type.String()),
    methods: Type.Optional(METHODS),
    id: Type.Optional(Type.String()),
    strip: Type.Optional(Type.String({ description: 'beginning of the path that the API does not know' })),
  }),
  run({ path, url: address, upstream, host, methods, id: wanted, strip }, { inventory, earlier }) {
    checkPath(path)
    if ((address === undefined) === (upstream === undefined))
      throw new OperationError('invalid', 'publish needs url, or upstream: one of the two')
    const url = address === undefined ? undefined : toUrl(address)
    if (upstream !== undefined) checkUpstream(upstream, inventory)
    const taken = [...inventory.list('routes').map((one) => one.id), ...earlier.map((one) => one.id)]
    const id = wanted ?? freeId(routeId(path), new Set(taken))
    const base = url?.pathname.replace(/\/$/, '') ?? ''
    const set: Resource = {
      id,
      name: id,
      uri: path,
      ...(host ? { host } : {}),
      ...(methods?.length ? { methods } : {}),
      ...(strip === undefined && !base
        ? {}
        : { plugins: { 'proxy-rewrite': { regex_uri: [`^${literal(prefixOf(strip ?? ''))}/?(.*)`, `${base}/$1`] } } }),
      ...(url ? { upstream: upstreamTo(url) } : { upstream_id: upstream }),
    }
    return {
      changes: [{ action: 'create', kind: 'routes', id, set }],
      expectations: [{ title: 'the API answers', ...probeOf(set), expect: ANSWERS }],
    }
  },
})

export const move = defineIntent({
  name: 'move',
  fields: Type.Object({
    path: Type.Optional(Type.String()),
    host: Type.Optional(Type.String()),
    name: Type.Optional(Type.String({ description: 'another name; the id stays' })),
  }),
  run({ path, host, name }, { route }) {
    if (path !== undefined) checkPath(path)
    if (path === undefined && host === undefined && name === undefined)
      throw new OperationError('invalid', 'move needs path, host or name')
    const found = route()
    if (path === undefined && host === undefined) return { changes: onRoute(found, { name }) }
    const set = {
      ...(name === undefined ? {} : { name }),
      ...(path === undefined ? {} : { uri: path, ...(found.value.uris ? { uris: null } : {}) }),
      ...(host === undefined ? {} : { host, ...(found.value.hosts ? { hosts: null } : {}) }),
    }
    return {
      changes: onRoute(found, set),
      expectations: [{ title: 'served there', ...probeOf({ ...found.value, ...set }), expect: ANSWERS }],
    }
  },
})

export const onlyMethods = defineIntent({
  name: 'only_methods',
  fields: Type.Object({
    methods: Type.Optional(METHODS),
    except: Type.Optional({ ...METHODS, description: 'those that it takes no more' }),
  }),
  run({ methods: wanted, except }, { route }) {
    const found = route()
    const now = (found.value.methods ?? METHODS.items.enum) as string[]
    const methods = wanted ?? now.filter((one) => !except?.some((other) => other === one))
    if (!wanted?.length && !except?.length) throw new OperationError('invalid', 'only_methods needs methods or except')
    if (!methods.length)
      throw new OperationError('invalid', `routes/${found.id} would take no method at all; disable it instead`)
    const refused = ['OPTIONS', 'HEAD', 'GET'].find((one) => !methods.some((method) => method === one))
    if (refused === undefined) return { changes: onRoute(found, { methods }) }
    const closed = {
      title: `${refused} is not taken`,
      ...probeOf(found.value),
      method: refused,
      expect: { status: [404] },
    }
    return { changes: onRoute(found, { methods }), expectations: [closed] }
  },
})

export const match = defineIntent({
  name: 'match',
  fields: Type.Object({
    header: Type.Optional(Type.String()),
    cookie: Type.Optional(Type.String()),
    query: Type.Optional(Type.String({ description: 'parameter; the route takes only requests with that value' })),
    value: Type.String(),
  }),
  run({ header, cookie, query, value }, { route }) {
    const variable = header ? headerVariable(header) : cookie ? `cookie_${cookie}` : query && `arg_${query}`
    if (!variable) throw new OperationError('invalid', 'match needs header, cookie or query')
    const found = route()
    const others = ((found.value.vars ?? []) as unknown[][]).filter(([name]) => name !== variable)
    return { changes: onRoute(found, { vars: [...others, [variable, '==', value]] }) }
  },
})

export const copy = defineIntent({
  name: 'copy',
  fields: Type.Object({ path: Type.String({ description: 'path of the copy' }), id: Type.Optional(Type.String()) }),
  run({ path, id: wanted }, { route, inventory, earlier }) {
    checkPath(path)
    const { id: _id, name: _name, uris: _uris, create_time: _created, update_time: _updated, ...rest } = route().value
    const id = wanted ?? freeId(routeId(path), new Set([...inventory.list('routes'), ...earlier].map((one) => one.id)))
    return { changes: [{ action: 'create', kind: 'routes', id, set: { ...rest, id, name: id, uri: path } }] }
  },
})

export const disable = defineIntent({
  name: 'disable',
  fields: Type.Object({}),
  run(_, { route }) {
    const found = route()
    return {
      changes: onRoute(found, { status: 0 }),
      expectations: [{ title: 'route is off', ...probeOf(found.value), expect: { status: [404] } }],
    }
  },
})

export const enable = defineIntent({
  name: 'enable',
  fields: Type.Object({}),
  run: (_, { route }) => ({ changes: onRoute(route(), { status: 1 }) }),
})

export const addPlugin = defineIntent({
  name: 'add_plugin',
  fields: Type.Object({ plugin: Type.String(), config: Type.Optional(Type.Record(Type.String(), Type.Unknown())) }),
  run: ({ plugin, config = {} }, around) => ({ changes: withPlugins(around.route(), { [plugin]: config }, around) }),
})

export const removePlugin = defineIntent({
  name: 'remove_plugin',
  fields: Type.Object({
    plugin: Type.String({ description: 'or auth: what asks who is calling' }),
    consumer: Type.Optional(Type.String({ description: 'of this one, not of a route' })),
  }),
  run({ plugin, consumer }, around) {
    if (consumer !== undefined) return ofConsumer(plugin, consumer, around)
    const found = around.route()
    const own = Object.keys(pluginsIn(found.value))
    const asking = plugin === 'auth' ? own.filter((one) => AUTHENTICATION.test(one)) : []
    if (asking.length)
      return { changes: onRoute(found, { plugins: Object.fromEntries(asking.map((one) => [one, null])) }) }
    if (found.id !== '*' && !own.includes(plugin))
      throw new OperationError(
        'invalid',
        `routes/${found.id} does not run ${plugin} by itself; it runs: ${own.join(', ') || 'none'}`,
      )
    if (found.id !== '*') return { changes: onRoute(found, { plugins: { [plugin]: null } }) }
    const rule = around.inventory.list('global_rules').find((one) => plugin in pluginsIn(one.value))
    if (!rule) throw new OperationError('not_found', `no global rule runs ${plugin}`)
    const alone = Object.keys(pluginsIn(rule.value)).length === 1
    return {
      changes: [
        alone
          ? { action: 'delete', kind: 'global_rules', id: rule.id }
          : { action: 'change', kind: 'global_rules', id: rule.id, set: { plugins: { [plugin]: null } } },
      ],
    }
  },
})

function ofConsumer(plugin: string, consumer: string, around: Around): Intended {
  const own = Object.keys(pluginsIn(around.inventory.get('consumers', consumer)))
  const changes = onConsumer(consumer, { [plugin]: null }, around)
  if (!own.includes(plugin))
    throw new OperationError(
      'invalid',
      `consumers/${consumer} has no ${plugin} of its own; it has: ${own.join(', ') || 'none'}`,
    )
  return { changes }
}

/** Throws when there is no upstream of that id. */
export function checkUpstream(id: string, inventory: Inventory): void {
  if (inventory.get('upstreams', id)) return
  const known = inventory.list('upstreams').map((one) => one.id)
  throw new OperationError(
    'not_found',
    `there is no upstream ${JSON.stringify(id)}; there are: ${known.slice(0, 20).join(', ') || 'none'}`,
  )
}

export function checkPath(path: string): void {
  if (!/^\/[^\s?#]*$/.test(path))
    throw new OperationError(
      'invalid',
      `the path to serve begins with / and has no blanks, query or fragment: ${JSON.stringify(path)}`,
    )
}

/** What a route that serves a path is called. */
export function routeId(path: string): string {
  return slug(path, 40) || 'root'
}

/** What stands before the star: `/orders` of `/orders/*`. */
export function prefixOf(path: string): string {
  return path.replace(/\/?\*?$/, '')
}
