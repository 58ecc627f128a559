// What requests and answers look like: paths, headers, redirects, made-up answers.
import Type from 'typebox'
import { literal } from '../../lib/regex-literal.ts'
import { pluginsIn } from '../../resources/kinds.ts'
import { OperationError } from '../contract.ts'
import { defineIntent, onRoute, probeOf, withPlugins } from './contract.ts'
import { routeId } from './publish.ts'

const HEADERS = Type.Record(Type.String(), Type.String())
const NAMES = Type.Array(Type.String())

export const rewrite = defineIntent({
  name: 'rewrite',
  fields: Type.Object({
    from: Type.Optional(Type.String({ description: 'beginning of the path that is replaced' })),
    to: Type.Optional(Type.String({ description: 'what replaces it, or the whole path; / when absent' })),
    host: Type.Optional(Type.String({ description: 'host that the API is told' })),
  }),
  run({ from, to, host }, around) {
    if (from === undefined && to === undefined && host === undefined)
      throw new OperationError('invalid', 'rewrite needs from, to or host')
    const end = (to ?? '').replace(/\/?\*?$/, '')
    const path =
      from === undefined
        ? to === undefined
          ? {}
          : { uri: to, regex_uri: null }
        : { regex_uri: [`^${literal(from.replace(/\/?\*?$/, ''))}/?(.*)`, `${end}/$1`], uri: null }
    return {
      changes: withPlugins(
        around.route(),
        { 'proxy-rewrite': { ...path, ...(host === undefined ? {} : { host }) } },
        around,
      ),
    }
  },
})

export const requestHeaders = defineIntent({
  name: 'request_headers',
  fields: Type.Object({ set: Type.Optional(HEADERS), remove: Type.Optional(NAMES) }),
  run: ({ set, remove }, around) => ({
    changes: withPlugins(around.route(), { 'proxy-rewrite': { headers: toHeaders(set, remove) } }, around),
  }),
})

export const responseHeaders = defineIntent({
  name: 'response_headers',
  fields: Type.Object({ set: Type.Optional(HEADERS), remove: Type.Optional(NAMES) }),
  run({ set, remove }, around) {
    const route = around.route()
    const [name, value] = Object.entries(set ?? {})[0] ?? []
    const told = {
      title: `answers carry ${name}`,
      ...probeOf(route.value),
      expect: { header: { name: name ?? '', value: value ?? '' } },
    }
    return {
      changes: withPlugins(route, { 'response-rewrite': { headers: toHeaders(set, remove) } }, around),
      expectations: name === undefined || value?.includes('$') ? [] : [told],
    }
  },
})

function toHeaders(set: Record<string, string> | undefined, remove: string[] | undefined): object {
  if (!set && !remove?.length) throw new OperationError('invalid', 'headers need set or remove')
  return { ...(set ? { set } : {}), ...(remove?.length ? { remove } : {}) }
}

export const cors = defineIntent({
  name: 'cors',
  fields: Type.Object({ origins: Type.Optional(NAMES), credentials: Type.Optional(Type.Boolean()) }),
  run({ origins, credentials = false }, around) {
    if (credentials && !origins?.length)
      throw new OperationError(
        'invalid',
        'cors with credentials needs origins: with all of them any page could call as its visitor',
      )
    const strict = {
      allow_methods: 'GET,POST,PUT,PATCH,DELETE,HEAD,OPTIONS',
      allow_headers: 'Content-Type,Authorization',
      expose_headers: 'Content-Length',
      allow_credential: true,
    }
    const conf = { ...(origins?.length ? { allow_origins: origins.join(',') } : {}), ...(credentials ? strict : {}) }
    return { changes: withPlugins(around.route(), { cors: conf }, around) }
  },
})

export const redirect = defineIntent({
  name: 'redirect',
  fields: Type.Object({
    to: Type.Optional(Type.String({ description: 'path or address; absent with https' })),
    code: Type.Optional(Type.Enum([301, 302, 303, 307, 308])),
    https: Type.Optional(Type.Boolean({ description: 'from http to https' })),
    path: Type.Optional(Type.String({ description: 'a path without a route: one is made' })),
  }),
  run({ to, code = 302, https, path }, around) {
    if ((to === undefined) === !https) throw new OperationError('invalid', 'redirect needs to, or https: true')
    const conf = https ? { http_to_https: true } : { uri: to, ret_code: code }
    if (path !== undefined) return made(path, { redirect: conf }, around.inventory, code)
    return { changes: withPlugins(around.route(), { redirect: conf }, around) }
  },
})

export const mock = defineIntent({
  name: 'mock',
  fields: Type.Object({
    status: Type.Optional(Type.Integer({ minimum: 200, maximum: 599, default: 200 })),
    body: Type.Optional(Type.String()),
    content_type: Type.Optional(Type.String()),
    path: Type.Optional(Type.String({ description: 'a path without a route: one is made' })),
    methods: Type.Optional(Type.Array(Type.String(), { description: 'with path: those that the new route takes' })),
  }),
  run({ status = 200, body = '{}', content_type: type, path, methods }, around) {
    const conf = {
      response_status: status,
      response_example: body,
      ...(type === undefined ? {} : { content_type: type }),
    }
    if (path !== undefined) return made(path, { mocking: conf }, around.inventory, status, methods)
    const route = around.route()
    const told = { title: 'the made-up answer', ...probeOf(route.value), expect: { status: [status] } }
    return { changes: withPlugins(route, { mocking: conf }, around), expectations: [told] }
  },
})

/** A route that answers by itself. */
function made(
  path: string,
  plugins: object,
  inventory: { get(kind: 'routes', id: string): unknown },
  status: number,
  methods?: string[],
): ReturnType<typeof withRoute> {
  const id = routeId(path)
  if (inventory.get('routes', id)) throw new OperationError('conflict', `routes/${id} exists already; name it as route`)
  return withRoute({ id, name: id, uri: path, plugins, ...(methods ? { methods } : {}) }, status)
}

function withRoute(
  set: { id: string; name: string; uri: string; plugins: object; methods?: string[] },
  status: number,
) {
  return {
    changes: [{ action: 'create' as const, kind: 'routes' as const, id: set.id, set }],
    expectations: [{ title: 'it answers by itself', ...probeOf(set), expect: { status: [status] } }],
  }
}

export const compress = defineIntent({
  name: 'compress',
  fields: Type.Object({}),
  run: (_, around) => ({
    changes: withPlugins(
      around.route(),
      {
        gzip: {
          types: [
            'application/json',
            'text/html',
            'text/css',
            'text/plain',
            'text/javascript',
            'application/javascript',
          ],
        },
      },
      around,
    ),
  }),
})

export const requestId = defineIntent({
  name: 'request_id',
  fields: Type.Object({ header: Type.Optional(Type.String()) }),
  run: ({ header }, around) => ({
    changes: withPlugins(around.route(), { 'request-id': header === undefined ? {} : { header_name: header } }, around),
  }),
})

export const websocket = defineIntent({
  name: 'websocket',
  fields: Type.Object({}),
  run: (_, { route }) => ({ changes: onRoute(route(), { enable_websocket: true }) }),
})

export const breaker = defineIntent({
  name: 'breaker',
  fields: Type.Object({
    failures: Type.Optional(Type.Integer({ minimum: 1, default: 3 })),
    seconds: Type.Optional(Type.Integer({ minimum: 3, default: 60, description: 'longest pause' })),
  }),
  run({ failures = 3, seconds = 60 }, around) {
    const now = pluginsIn(around.route().value)['api-breaker'] ?? {}
    const conf = {
      ...now,
      break_response_code: 503,
      max_breaker_sec: seconds,
      unhealthy: { http_statuses: [500, 502, 503, 504], failures },
    }
    return { changes: withPlugins(around.route(), { 'api-breaker': conf }, around) }
  },
})
