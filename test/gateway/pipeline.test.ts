// Merging, phases, consumers and global rules, through injected requests.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { threadForTest } from './thread-for-test.ts'

let upstream: http.Server
let nodes: Record<string, number>

before(async () => {
  upstream = http.createServer((request, response) =>
    response.end(JSON.stringify({ url: request.url, headers: request.headers })),
  )
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
})
after(() => {
  upstream.close()
  upstream.closeAllConnections()
})

const rewriteTo = (value: string) => ({ 'proxy-rewrite': { headers: { set: { 'X-From': value } } } })

async function from(thread: ReturnType<typeof threadForTest>, target: string, headers: Record<string, string> = {}) {
  const response = await thread.inject({ target, headers })
  const body = response.body.toString()
  return {
    status: response.status,
    from:
      response.status === 200 ? (JSON.parse(body) as { headers: Record<string, string> }).headers['x-from'] : undefined,
    body,
  }
}

describe('merging', () => {
  test('route over plugin_config over service, plugin by plugin', async () => {
    const thread = threadForTest({
      'services/s': { plugins: rewriteTo('service'), upstream: { nodes } },
      'plugin_configs/p': { plugins: rewriteTo('plugin_config') },
      'routes/1': { uri: '/1', service_id: 's' },
      'routes/2': { uri: '/2', service_id: 's', plugin_config_id: 'p' },
      'routes/3': { uri: '/3', service_id: 's', plugin_config_id: 'p', plugins: rewriteTo('route') },
      'routes/4': { uri: '/4', service_id: 's', plugins: { 'proxy-rewrite': { _meta: { disable: true } } } },
    })
    assert.deepEqual(await Promise.all(['/1', '/2', '/3', '/4'].map(async (path) => (await from(thread, path)).from)), [
      'service',
      'plugin_config',
      'route',
      undefined,
    ])
    thread.put('services/s', { plugins: rewriteTo('service 2'), upstream: { nodes } })
    assert.equal((await from(thread, '/1')).from, 'service 2', 'a change of the service reaches its routes')
    thread.put('plugin_configs/p', undefined)
    assert.equal((await from(thread, '/2')).status, 503)
    thread.put('services/s', undefined)
    assert.equal((await from(thread, '/1')).status, 404)
    thread.close()
  })

  test('consumer over group over route, credentials find their consumer', async () => {
    const thread = threadForTest({
      'routes/1': { uri: '/1', plugins: { 'key-auth': {} }, upstream: { nodes } },
      'consumer_groups/7': { plugins: { 'limit-count': { count: 1, time_window: 60, rejected_code: 429 } } },
      'consumers/grouped': { username: 'grouped', group_id: 7, plugins: { 'key-auth': { key: 'k1' } } },
      'consumers/own': {
        username: 'own',
        group_id: '7',
        plugins: { 'limit-count': { count: 2, time_window: 60, rejected_code: 430 } },
      },
      'consumers/own/credentials/c': { plugins: { 'key-auth': { key: 'k2' } } },
    })
    const statuses = async (key: string): Promise<number[]> => {
      const got: number[] = []
      for (let i = 0; i < 3; i++) got.push((await from(thread, '/1', { apikey: key })).status)
      return got
    }
    assert.deepEqual(await statuses('k1'), [200, 429, 429])
    assert.deepEqual(await statuses('k2'), [200, 200, 430])
    thread.put('consumers/own/credentials/c', undefined)
    assert.equal((await from(thread, '/1', { apikey: 'k2' })).status, 401)
    thread.close()
  })

  test('global rules run for every path, known or not', async () => {
    const thread = threadForTest({
      'routes/1': { uri: '/1', upstream: { nodes } },
      'global_rules/1': { plugins: { 'key-auth': {} } },
    })
    assert.equal((await from(thread, '/1')).status, 401)
    assert.equal((await from(thread, '/unknown')).status, 401)
    thread.put('global_rules/1', undefined)
    assert.equal((await from(thread, '/1')).status, 200)
    assert.equal((await from(thread, '/unknown')).status, 404)
    thread.close()
  })

  test('_meta: a filter decides per request, error_response replaces a refusal', async () => {
    const thread = threadForTest({
      'routes/1': {
        uri: '/1',
        plugins: { 'key-auth': { _meta: { filter: [['arg_open', '~=', 'yes']], error_response: { code: 'E1' } } } },
        upstream: { nodes },
      },
    })
    assert.equal((await from(thread, '/1?open=yes')).status, 200)
    const refused = await from(thread, '/1')
    assert.deepEqual([refused.status, JSON.parse(refused.body)], [401, { code: 'E1' }])
    thread.close()
  })

  test('a plugin that is not known here closes its route instead of opening it', async () => {
    const thread = threadForTest({ 'routes/1': { uri: '/1', plugins: { 'no-such-auth': {} }, upstream: { nodes } } })
    assert.equal((await from(thread, '/1')).status, 500)
    thread.close()
  })
})

describe('conditions', () => {
  test('one that cannot be decided in time fails its request, not the thread', async () => {
    const thread = threadForTest({
      'routes/a': { uri: '/*', vars: [['arg_x', '~~', '(?=a)(a+)+$']], upstream: { nodes } },
    })
    assert.equal((await from(thread, `/?x=${'a'.repeat(2000)}!`)).status, 500)
    assert.equal((await from(thread, '/?x=aaa')).status, 200)
    thread.close()
  })

  test('a plugin whose condition looks into the body waits for it', async () => {
    const thread = threadForTest({
      'routes/a': {
        uri: '/*',
        upstream: { nodes },
        plugins: { mocking: { response_status: 201, _meta: { filter: [['post_arg_id', '==', '1']] } } },
      },
    })
    const post = async (body: string): Promise<number> => {
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded' }
      return (await thread.inject({ method: 'POST', target: '/', headers, body })).status
    }
    assert.equal(await post('id=1'), 201)
    assert.equal(await post('id=2'), 200)
    assert.equal(await post(`id=1&x=${'x'.repeat(2_000_000)}`), 200, 'too large to be looked into')
    thread.close()
  })
})
