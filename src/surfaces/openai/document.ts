// The 2023 ChatGPT plugin: its manifest and its OpenAPI document, with the Route operations of the Admin API that are forwarded, and no others.

/** One forwarded operation. */
export interface ForwardedOperation {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: '/apisix/admin/routes' | '/apisix/admin/routes/{id}'
  operationId: string
  summary: string
}

export const FORWARDED: readonly ForwardedOperation[] = [
  {
    method: 'GET',
    path: '/apisix/admin/routes',
    operationId: 'getAllRoutes',
    summary: 'Lists all routes of the API gateway.',
  },
  {
    method: 'POST',
    path: '/apisix/admin/routes',
    operationId: 'addRoute',
    summary: 'Creates a route with an id that the gateway chooses.',
  },
  { method: 'GET', path: '/apisix/admin/routes/{id}', operationId: 'getRoute', summary: 'Shows one route.' },
  {
    method: 'PUT',
    path: '/apisix/admin/routes/{id}',
    operationId: 'createRoute',
    summary: 'Creates or replaces the route with this id.',
  },
  {
    method: 'PATCH',
    path: '/apisix/admin/routes/{id}',
    operationId: 'patchRoute',
    summary: 'Changes the named members of a route; null removes one.',
  },
  { method: 'DELETE', path: '/apisix/admin/routes/{id}', operationId: 'deleteRoute', summary: 'Deletes a route.' },
]

const APPROVAL =
  'Every write is approved by the person: the first call answers 403 with an approve_url. Give the person that address; when they have approved there, repeat the same call.'

/** The license of this program, for documents that name one. */
export const LICENSE = { name: 'Apache 2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' }

/** `/.well-known/ai-plugin.json`. `origin` is how the client reached this server. */
export function manifest(origin: string): object {
  return {
    schema_version: 'v1',
    name_for_model: 'apisix_routes',
    name_for_human: 'API gateway routes',
    description_for_model: `Manages the routes of an API gateway that speaks Apache APISIX's language: list, show, create, change and delete routes. A route has uri and upstream {type, nodes}. ${APPROVAL}`,
    description_for_human: 'Manage the routes of your API gateway by talking to it.',
    auth: { type: 'none' },
    api: { type: 'openapi', url: `${origin}/openapi.yaml` },
    logo_url: `${origin}/logo.png`,
    contact_email: 'owner@localhost',
    legal_info_url: `${origin}/legal`,
  }
}

/** The OpenAPI document of the forwarded operations. */
export function openapi(origin: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const operation of FORWARDED) {
    const path = paths[operation.path] ?? {}
    paths[operation.path] = path
    path[operation.method.toLowerCase()] = describe(operation)
  }
  return {
    openapi: '3.0.1',
    info: {
      title: 'API gateway routes',
      version: '1',
      description: `Routes of an API gateway. ${APPROVAL}`,
      license: LICENSE,
    },
    servers: [{ url: origin }],
    paths,
    components: { schemas: { Route: ROUTE } },
  }
}

const ROUTE = {
  type: 'object',
  description: 'A route as in the APISIX Admin API; members beyond these are passed on.',
  additionalProperties: true,
  properties: {
    name: { type: 'string' },
    desc: { type: 'string' },
    uri: { type: 'string', description: 'Path to serve; a trailing * takes everything below.' },
    methods: { type: 'array', items: { type: 'string' } },
    host: { type: 'string' },
    upstream: {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['roundrobin', 'chash', 'least_conn', 'ewma'] },
        nodes: { type: 'object', additionalProperties: { type: 'integer' }, description: 'host:port to weight' },
      },
    },
    plugins: { type: 'object', additionalProperties: true },
  },
}

function describe(operation: ForwardedOperation): object {
  const reads = operation.method === 'GET'
  const hasBody = operation.method === 'POST' || operation.method === 'PUT' || operation.method === 'PATCH'
  const json = { 'application/json': { schema: { type: 'object', additionalProperties: true } } }
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    'x-openai-isConsequential': !reads,
    ...(operation.path.includes('{id}')
      ? {
          parameters: [
            { name: 'id', in: 'path', required: true, schema: { type: 'string' }, description: 'Route id.' },
          ],
        }
      : {}),
    ...(hasBody
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Route' } } },
          },
        }
      : {}),
    responses: {
      [operation.method === 'POST' ? 201 : 200]: { description: 'What the Admin API answered.', content: json },
      400: { description: 'The route is not valid; error_msg says why.', content: json },
      ...(reads ? {} : { 403: { description: 'Waits for the person: approve_url says where.', content: json } }),
      ...(operation.path.includes('{id}') ? { 404: { description: 'There is no such route.', content: json } } : {}),
    },
  }
}
