// An API as its document tells it, in one form for OpenAPI 3 and Swagger 2: servers, operations, security. Whatever else stands there is told to
// the report, so that nothing is dropped silently.
import { isObject } from '../../lib/is-object.ts'
import { type Json, type OpenApiDocument, resolve } from '../../lib/openapi-document.ts'
import type { Lost } from './lost.ts'

export interface ApiOperation {
  /** As written: `/users/{id}`. */
  path: string
  method: string
  /** Alternatives, each a set of schemes that are asked for together; empty: nobody is asked. */
  security: string[][]
  summary: string
  deprecated: boolean
}

export interface Api {
  title: string
  version: string
  /** Addresses as written, relative ones too; the first is taken. */
  servers: string[]
  operations: ApiOperation[]
  schemes: Record<string, Json>
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch']
const ROOT_MEMBERS = [
  ...['openapi', 'swagger', 'info', 'servers', 'paths', 'webhooks', 'components', 'security', 'tags', 'externalDocs'],
  ...['jsonSchemaDialect', '$self', 'host', 'basePath', 'schemes', 'consumes', 'produces'],
  ...['definitions', 'parameters', 'responses', 'securityDefinitions'],
]
/** Members of a path item that are no operations. */
const PATH_MEMBERS = ['summary', 'description', 'parameters', 'servers', '$ref']
const CARRIED = [
  'tags',
  'summary',
  'description',
  'operationId',
  'security',
  'deprecated',
  'responses',
  'schemes',
  'consumes',
  'produces',
]

/** Reads the API out of a document. */
export function toApi({ version, title, root }: OpenApiDocument, lost: Lost): Api {
  const old = version.startsWith('2')
  const components = isObject(root.components) ? root.components : {}
  const schemes = (old ? root.securityDefinitions : components.securitySchemes) ?? {}
  const api: Api = {
    title,
    version,
    servers: old ? swaggerServers(root, lost) : openapiServers(root.servers, lost),
    operations: [],
    schemes: isObject(schemes) ? resolveAll(schemes, root) : {},
  }
  for (const [path, item] of Object.entries(root.paths as Json)) readPath(path, item, root, api, lost)
  if (isObject(root.webhooks))
    for (const name of Object.keys(root.webhooks)) lost.add('webhooks are calls of the API, not to it', name)
  for (const name of Object.keys(root)) {
    if (name.startsWith('x-')) lost.add('extensions', name)
    else if (!ROOT_MEMBERS.includes(name)) lost.add('members that OpenAPI does not know', name)
  }
  if (old && root.consumes) lost.add(BODIES, 'consumes')
  return api
}

function resolveAll(schemes: Json, root: Json): Record<string, Json> {
  return Object.fromEntries(Object.entries(schemes).map(([name, one]) => [name, resolve(one, root) ?? {}]))
}

function swaggerServers(root: Json, lost: Lost): string[] {
  const schemes = Array.isArray(root.schemes) && root.schemes.length ? root.schemes.map(String) : ['https']
  const base = typeof root.basePath === 'string' ? root.basePath : '/'
  if (typeof root.host !== 'string') return [base]
  const chosen = schemes.includes('https') ? 'https' : schemes[0]
  for (const one of schemes) if (one !== chosen) lost.add('schemes beyond the first', one)
  return [`${chosen}://${root.host}${base}`]
}

function openapiServers(servers: unknown, lost: Lost): string[] {
  const list = Array.isArray(servers) ? servers.filter(isObject) : []
  const urls = list.map((server) => {
    const variables = isObject(server.variables) ? server.variables : {}
    return String(server.url ?? '/').replace(/\{([^}]+)\}/g, (whole, name: string) => {
      const one = variables[name]
      if (!isObject(one) || one.default === undefined) return whole
      lost.add('server variables keep their default', name)
      return String(one.default)
    })
  })
  return urls.length ? urls : ['/']
}

function readPath(path: string, written: unknown, root: Json, api: Api, lost: Lost): void {
  const item = path.startsWith('/') ? resolve(written, root) : undefined
  if (!item) {
    lost.add(path.startsWith('x-') ? 'extensions' : 'a path that is no path, or that stands in another file', path)
    return
  }
  if (/[?#]/.test(path)) {
    lost.add('a path with ? or #, which the path of a request never has', path)
    return
  }
  if (item.servers) lost.add('servers of single paths', path)
  for (const [name, operation] of Object.entries(item)) {
    if (METHODS.includes(name) && isObject(operation))
      readOperation(path, name.toUpperCase(), operation, root, api, lost)
    else if (name === 'trace') lost.add('TRACE, which gateways refuse', path)
    else if (name.startsWith('x-')) lost.add('extensions', `${path} ${name}`)
    else if (!PATH_MEMBERS.includes(name)) lost.add('members that OpenAPI does not know', `${path} ${name}`)
  }
  if (Array.isArray(item.parameters) && item.parameters.length) lost.add(PARAMETERS, path)
}

const BODIES = 'request bodies are not checked by the gateway (request-validation could)'
const PARAMETERS = 'parameters are not checked by the gateway (request-validation could)'

function readOperation(path: string, method: string, operation: Json, root: Json, api: Api, lost: Lost): void {
  const place = `${method} ${path}`
  if (Array.isArray(operation.parameters) && operation.parameters.length) lost.add(PARAMETERS, place)
  if (operation.requestBody || operation.consumes) lost.add(BODIES, place)
  if (operation.callbacks) lost.add('callbacks are calls of the API, not to it', place)
  if (operation.servers) lost.add('servers of single operations', place)
  for (const name of Object.keys(operation)) {
    if (name.startsWith('x-')) lost.add('extensions', `${place} ${name}`)
    else if (![...CARRIED, 'parameters', 'requestBody', 'callbacks', 'servers', 'externalDocs'].includes(name))
      lost.add('members that OpenAPI does not know', `${place} ${name}`)
  }
  api.operations.push({
    path,
    method,
    security: toSecurity(operation.security ?? root.security),
    summary: String(operation.summary ?? operation.operationId ?? ''),
    deprecated: operation.deprecated === true,
  })
}

function toSecurity(written: unknown): string[][] {
  return Array.isArray(written) ? written.filter(isObject).map((one) => Object.keys(one)) : []
}
