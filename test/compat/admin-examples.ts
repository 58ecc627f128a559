// The requests that APISIX's documentation of the Admin API shows for each kind of resource, as our own data: what is sent, and what the
// documentation says that comes back. They are sent in this order to one gateway; no node of theirs is ever called.
import { makeCertificate } from '../gateway/listening.ts'

export interface Example {
  method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Below /apisix/admin. */
  path: string
  body?: unknown
  status: number
  /** Members that the answer's `value` must have, as they are. */
  value?: object
  /** Members of the answer itself. */
  answer?: object
}

const node = (port: number, weight = 1): Record<string, number> => ({ [`127.0.0.1:${port}`]: weight })
const roundrobin = (port: number): object => ({ type: 'roundrobin', nodes: node(port) })
const limit = { count: 2, time_window: 60, rejected_code: 503, key: 'remote_addr' }

/** Adding a node, changing its weight, taking one away, replacing all: shown for routes, services and upstreams alike. */
function nodesOf(path: string, wrap: (nodes: object) => object, nodesPath: string): Example[] {
  const [first, second] = ['127.0.0.1:1980', '127.0.0.1:1981']
  const patched = (sent: object, kept: object): Example => ({
    method: 'PATCH',
    path,
    body: wrap(sent),
    status: 200,
    value: wrap(kept),
  })
  return [
    patched({ [second]: 1 }, { [first]: 1, [second]: 1 }),
    patched({ [second]: 10 }, { [first]: 1, [second]: 10 }),
    patched({ [first]: null }, { [second]: 10 }),
    { method: 'PATCH', path: nodesPath, body: node(1982), status: 200, value: wrap(node(1982)) },
  ]
}

const inUpstream = (nodes: object): object => ({ upstream: { type: 'roundrobin', nodes } })

export const ROUTES: Example[] = [
  {
    method: 'PUT',
    path: '/routes/1',
    body: {
      uri: '/index.html',
      hosts: ['foo.com', '*.bar.com'],
      remote_addrs: ['127.0.0.0/8'],
      methods: ['PUT', 'GET'],
      enable_websocket: true,
      upstream: roundrobin(1980),
    },
    status: 201,
    value: { id: '1', uri: '/index.html', hosts: ['foo.com', '*.bar.com'], enable_websocket: true },
  },
  ...nodesOf('/routes/1', (nodes) => inUpstream(nodes), '/routes/1/upstream/nodes'),
  {
    method: 'PATCH',
    path: '/routes/1',
    body: { methods: ['GET', 'POST'] },
    status: 200,
    value: { methods: ['GET', 'POST'] },
  },
  {
    method: 'PATCH',
    path: '/routes/1/methods',
    body: ['POST', 'DELETE', 'PATCH'],
    status: 200,
    value: { methods: ['POST', 'DELETE', 'PATCH'] },
  },
  { method: 'PATCH', path: '/routes/1', body: { status: 0 }, status: 200, value: { status: 0 } },
  { method: 'PATCH', path: '/routes/1', body: { status: 1 }, status: 200, value: { status: 1 } },
  {
    method: 'PUT',
    path: '/routes/1',
    body: { uri: '/get', upstream: { type: 'roundrobin', scheme: 'https', nodes: { 'httpbin.org:443': 1 } } },
    status: 200,
    value: { uri: '/get', upstream: { type: 'roundrobin', scheme: 'https', nodes: { 'httpbin.org:443': 1 } } },
  },
  {
    method: 'PUT',
    path: '/routes/backup',
    body: {
      uri: '/hello',
      upstream: {
        type: 'roundrobin',
        nodes: [
          { host: '127.0.0.1', port: 1980, weight: 2000 },
          { host: '127.0.0.1', port: 1981, weight: 1, priority: -1 },
        ],
        checks: {
          active: {
            http_path: '/status',
            healthy: { interval: 1, successes: 1 },
            unhealthy: { interval: 1, http_failures: 1 },
          },
        },
      },
    },
    status: 201,
  },
]

export const SERVICES: Example[] = [
  {
    method: 'PUT',
    path: '/services/201',
    body: { plugins: { 'limit-count': limit }, enable_websocket: true, upstream: roundrobin(1980) },
    status: 201,
    value: { id: '201', enable_websocket: true },
  },
  ...nodesOf('/services/201', (nodes) => inUpstream(nodes), '/services/201/upstream/nodes'),
]

export const UPSTREAMS: Example[] = [
  {
    method: 'PUT',
    path: '/upstreams/100',
    body: roundrobin(1980),
    status: 201,
    value: { id: '100', type: 'roundrobin' },
  },
  ...nodesOf('/upstreams/100', (nodes) => ({ nodes }), '/upstreams/100/nodes'),
]

export const CONSUMERS: Example[] = [
  {
    method: 'PUT',
    path: '/consumers',
    body: { username: 'jack', plugins: { 'key-auth': { key: 'auth-one' }, 'limit-count': limit } },
    status: 201,
    value: { username: 'jack' },
  },
  {
    method: 'PUT',
    path: '/consumers',
    body: { username: 'jack', desc: 'hello world' },
    status: 200,
    value: { desc: 'hello world' },
  },
  {
    method: 'PUT',
    path: '/consumers/jack/credentials/auth-one',
    body: { plugins: { 'key-auth': { key: 'auth-one' } } },
    status: 201,
  },
  { method: 'GET', path: '/consumers/jack/credentials', status: 200, answer: { total: 1 } },
  { method: 'DELETE', path: '/consumers/jack/credentials/auth-one', status: 200, answer: { deleted: '1' } },
  {
    method: 'PUT',
    path: '/consumer_groups/company_a',
    body: { plugins: { 'limit-count': { ...limit, group: 'company_a' } } },
    status: 201,
    value: { id: 'company_a' },
  },
  { method: 'PUT', path: '/consumers', body: { username: 'jill', group_id: 'company_a' }, status: 201 },
]

const certificate = makeCertificate('t.com')

export const SSLS: Example[] = [
  {
    method: 'PUT',
    path: '/ssls/1',
    body: { ...certificate, snis: ['t.com'] },
    status: 201,
    value: { id: '1', snis: ['t.com'] },
  },
  { method: 'PATCH', path: '/ssls/1', body: { status: 0 }, status: 200, value: { status: 0 } },
]

export const PLUGIN_METADATA: Example[] = [
  {
    method: 'PUT',
    path: '/plugin_metadata/example-plugin',
    body: { skey: 'val', ikey: 1 },
    status: 201,
    value: { skey: 'val', ikey: 1 },
  },
  { method: 'GET', path: '/plugin_metadata/example-plugin', status: 200, value: { skey: 'val', ikey: 1 } },
  { method: 'DELETE', path: '/plugin_metadata/example-plugin', status: 200, answer: { deleted: '1' } },
]

export const PLUGIN_GROUPS: Example[] = [
  {
    method: 'PUT',
    path: '/global_rules/1',
    body: { plugins: { 'limit-count': limit } },
    status: 201,
    value: { id: '1' },
  },
  {
    method: 'PATCH',
    path: '/global_rules/1',
    body: { plugins: { 'limit-count': { count: 3 } } },
    status: 200,
    value: { plugins: { 'limit-count': { ...limit, count: 3 } } },
  },
  { method: 'DELETE', path: '/global_rules/1', status: 200, answer: { deleted: '1' } },
  {
    method: 'PUT',
    path: '/plugin_configs/1',
    body: { desc: 'a group', plugins: { 'limit-count': limit } },
    status: 201,
    value: { id: '1' },
  },
  { method: 'PATCH', path: '/plugin_configs/1/desc', body: 'another', status: 200, value: { desc: 'another' } },
]

export const SECRETS: Example[] = [
  {
    method: 'PUT',
    path: '/secrets/vault/test2',
    body: { uri: 'http://127.0.0.1:8200', prefix: 'apisix', token: 'a-token' },
    status: 201,
    value: { id: 'vault/test2', uri: 'http://127.0.0.1:8200', prefix: 'apisix' },
  },
  { method: 'PATCH', path: '/secrets/vault/test2', body: { prefix: 'other' }, status: 200, value: { prefix: 'other' } },
  { method: 'PATCH', path: '/secrets/vault/test2/prefix', body: 'third', status: 200, value: { prefix: 'third' } },
  { method: 'GET', path: '/secrets/vault/test2', status: 200, value: { prefix: 'third' } },
  { method: 'DELETE', path: '/secrets/vault/test2', status: 200, answer: { deleted: '1' } },
]

const PROTO = `syntax = "proto3";
package helloworld;
service Greeter { rpc SayHello (HelloRequest) returns (HelloReply) {} }
message HelloRequest { string name = 1; }
message HelloReply { string message = 1; }
`

export const PROTOS: Example[] = [
  { method: 'PUT', path: '/protos/1', body: { content: PROTO }, status: 201, value: { id: '1', content: PROTO } },
  { method: 'DELETE', path: '/protos/1', status: 200, answer: { deleted: '1' } },
]

export const STREAM_ROUTES: Example[] = [
  {
    method: 'PUT',
    path: '/stream_routes/1',
    body: { server_port: 9100, remote_addr: '127.0.0.1/32', sni: 'test.com', upstream: roundrobin(1995) },
    status: 201,
    value: { id: '1', server_port: 9100 },
  },
]
