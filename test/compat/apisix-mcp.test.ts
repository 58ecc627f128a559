// npm's apisix-mcp, unchanged, operates a real gateway process: over its standard input and output, with the SDK's client.
//
// Two of its tools send what APISIX refuses too: create_plugin_config (PUT without an id) and create_or_update_credential (the credential
// within another object). Here they get the same refusal, and its other tools are all that is needed.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { admin, type Running, start } from '../e2e/process.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { requirement } from './requirements.ts'

interface Result {
  failed: boolean
  // biome-ignore lint/suspicious/noExplicitAny: answers of every kind
  body: any
}

let gateway: Running
let upstream: Server
let client: Client
before(async () => {
  upstream = createServer((request, response) => response.end(JSON.stringify({ path: request.url })))
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  gateway = await start()
  client = new Client({ name: 'test', version: '1.0.0' })
  const [proxy, api] = [new URL(gateway.gateway), new URL(gateway.admin)]
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [fileURLToPath(import.meta.resolve('apisix-mcp'))],
    env: {
      APISIX_SERVER_HOST: 'http://127.0.0.1',
      APISIX_SERVER_PORT: proxy.port,
      APISIX_ADMIN_API_PORT: api.port,
      APISIX_ADMIN_API_PREFIX: api.pathname,
      APISIX_ADMIN_KEY: gateway.key,
    },
    stderr: 'ignore',
  })
  await client.connect(transport)
})
after(async () => {
  await client?.close()
  await gateway?.stop()
  upstream?.close()
})

async function call(name: string, input: Record<string, unknown> = {}): Promise<Result> {
  const { content, isError } = await client.callTool({ name, arguments: input })
  const [first] = content as { text: string }[]
  const text = first?.text ?? 'null'
  return { failed: isError === true, body: text.startsWith('MCP error') ? text : JSON.parse(text) }
}

async function done(name: string, input: Record<string, unknown> = {}): Promise<Result['body']> {
  const { failed, body } = await call(name, input)
  assert.equal(failed, false, `${name}: ${body}`)
  return body
}

const node = (): object => ({
  host: '127.0.0.1',
  port: (upstream.address() as AddressInfo).port,
  weight: 1,
})

const PROTO = 'syntax = "proto3"; package p; service S { rpc C (M) returns (M) {} } message M { string a = 1; }'

/** One of each kind: the tool that makes it, the one that changes it, and a member to see that it did. */
function kinds(): { kind: string; id: string; make: [string, object]; change: [string, object]; seen: object }[] {
  const { cert, key } = makeCertificate('mcp.example.com')
  const limit = { 'limit-count': { count: 1000, time_window: 60 } }
  const route = { server_addr: '127.0.0.1', server_port: 9100, upstream: { nodes: [node()] } }
  const desc = { desc: 'changed' }
  return [
    {
      kind: 'upstreams',
      id: 'u1',
      make: ['create_upstream', { id: 'u1', upstream: { nodes: [node()] } }],
      change: ['update_upstream', { id: 'u1', upstream: desc }],
      seen: { ...desc, type: 'roundrobin', nodes: [node()] },
    },
    {
      kind: 'services',
      id: 's1',
      make: ['create_service', { id: 's1', service: { name: 'speakers', upstream_id: 'u1' } }],
      change: ['update_service', { id: 's1', service: desc }],
      seen: { ...desc, name: 'speakers', upstream_id: 'u1' },
    },
    {
      kind: 'routes',
      id: 'r1',
      make: ['create_route', { id: 'r1', route: { uri: '/speaker', service_id: 's1', upstream_id: 'u1' } }],
      change: ['update_route', { id: 'r1', route: { uri: '/speaker/*', ...desc } }],
      seen: { ...desc, uri: '/speaker/*', service_id: 's1' },
    },
    {
      kind: 'consumer_groups',
      id: 'g1',
      make: ['create_consumer_group', { id: 'g1', consumerGroup: { plugins: limit } }],
      change: ['update_consumer_group', { id: 'g1', consumerGroup: desc }],
      seen: { ...desc, plugins: limit },
    },
    {
      kind: 'consumers',
      id: 'jack',
      make: ['create_or_update_consumer', { username: 'jack', plugins: { 'key-auth': { key: 'jacks-key' } } }],
      change: ['create_or_update_consumer', { username: 'jack', ...desc }],
      seen: { ...desc, username: 'jack' },
    },
    {
      kind: 'ssls',
      id: 'c1',
      make: ['create_ssl', { id: 'c1', ssl: { cert, key, snis: ['mcp.example.com'] } }],
      change: ['update_ssl', { id: 'c1', ssl: { labels: { env: 'test' } } }],
      seen: { snis: ['mcp.example.com'], labels: { env: 'test' } },
    },
    {
      kind: 'global_rules',
      id: '1',
      make: ['create_global_rule', { id: '1', plugins: limit }],
      change: ['update_global_rule', { id: '1', plugins: { 'limit-count': { count: 2000 } } }],
      seen: { plugins: { 'limit-count': { count: 2000, time_window: 60 } } },
    },
    {
      kind: 'protos',
      id: 'p1',
      make: ['create_or_update_proto', { id: 'p1', proto: { content: PROTO } }],
      change: ['create_or_update_proto', { id: 'p1', proto: { content: `${PROTO}\n` } }],
      seen: { content: `${PROTO}\n` },
    },
    {
      kind: 'stream_routes',
      id: 't1',
      make: ['create_or_update_stream_route', { id: 't1', route }],
      change: ['create_or_update_stream_route', { id: 't1', route: { ...route, ...desc } }],
      seen: { ...desc, server_port: 9100 },
    },
  ]
}

let all: ReturnType<typeof kinds>
requirement('mcp.resources', async () => {
  all = kinds()
  for (const { kind, id, make, change, seen } of all) {
    await done(make[0], make[1] as Record<string, unknown>)
    await done(change[0], change[1] as Record<string, unknown>)
    assert.partialDeepStrictEqual((await done('get_resource', { type: kind, id })).value, seen, kind)
    assert.equal((await done('get_resource', { type: kind })).total, 1, kind)
  }
  assert.equal((await done('get_resource', { type: 'routes', uri: 'speaker' })).total, 1)
  const made = await done('create_route', { route: { uri: '/made', upstream_id: 'u1' } })
  await done('delete_resource', { type: 'routes', id: made.value.id })
  const vault = { type: 'vault', uri: 'http://127.0.0.1:8200', prefix: 'kv', token: 'a-token' }
  await done('create_secret', { manager: 'vault', id: '1', secret: vault })
  assert.equal((await done('get_secret_by_id', { manager: 'vault', id: '1' })).value.prefix, 'kv')
  await done('delete_secret', { manager: 'vault', id: '1' })
  await admin(gateway, 'PUT', '/consumers/jack/credentials/web', { plugins: { 'key-auth': { key: 'of-web' } } })
  assert.equal((await done('get_credential', { username: 'jack' })).total, 1)
  await done('delete_credential', { username: 'jack', id: 'web' })
  await admin(gateway, 'PUT', '/plugin_configs/1', { plugins: { cors: {} } })
  await done('delete_resource', { type: 'plugin_configs', id: '1' })
})

requirement('mcp.traffic', async () => {
  const requests = [
    { path: '/speaker/1', method: 'GET', repeatCount: 5 },
    { path: '/nowhere', method: 'GET' },
  ]
  const { results, summary } = await done('send_request_to_gateway', { requests })
  assert.deepEqual(summary, { total: 6, successful: 5, failed: 1 })
  assert.deepEqual(results[0].data, { path: '/speaker/1' })
})

requirement('mcp.plugins', async () => {
  assert.ok((await done('get_all_plugin_names')).includes('limit-count'))
  const schema = await done('get_plugin_schema', { name: 'key-auth' })
  assert.equal(schema.type, 'object')
  const metadata = { log_format: { host: '$host' } }
  await done('create_or_update_plugin_metadata', { name: 'http-logger', metadata })
  assert.partialDeepStrictEqual((await done('get_plugin_metadata', { name: 'http-logger' })).value, metadata)
  await done('delete_plugin_metadata', { name: 'http-logger' })
})

requirement('mcp.errors', async () => {
  const missing = await call('create_route', { id: 'r2', route: { uri: '/x', upstream_id: 'none' } })
  assert.ok(missing.failed)
  assert.match(missing.body, /Status: 400[\s\S]*failed to fetch upstream info by upstream id \[none\]/)
  const used = await call('delete_resource', { type: 'upstreams', id: 'u1' })
  assert.match(used.body, /Status: 400[\s\S]*is still using it now/)
  const config = { id: '1', plugins: { desc: 'a', labels: {}, plugins: {} } }
  assert.match((await call('create_plugin_config', config)).body, /Status: 400/)
  const credential = { username: 'jack', id: 'web', credential: { name: 'web', plugins: {} } }
  assert.match((await call('create_or_update_credential', credential)).body, /Status: 400/)
  for (const { kind, id } of all.reverse()) await done('delete_resource', { type: kind, id })
})
