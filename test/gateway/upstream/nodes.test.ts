import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readNodes } from '../../../src/gateway/upstream/nodes.ts'
import { threadForTest } from '../thread-for-test.ts'

test('the Host of a node has its port, unless it is the usual one of the scheme', () => {
  const hostOf = (node: string, scheme?: string): string | undefined =>
    readNodes({ nodes: { [node]: 1 }, scheme })[0]?.hostHeader
  assert.equal(hostOf('a.example:80'), 'a.example')
  assert.equal(hostOf('a.example:8080'), 'a.example:8080')
  assert.equal(hostOf('a.example:443', 'https'), 'a.example')
  assert.equal(hostOf('a.example:80', 'https'), 'a.example:80')
  assert.equal(hostOf('[::1]:80'), '[::1]')
  assert.equal(hostOf('[::1]:81'), '[::1]:81')
})

test('an upstream that is named and not there is 502, and that of the service is not asked instead', async () => {
  const thread = threadForTest({
    'services/s': { upstream: { nodes: { '127.0.0.1:1': 1 } } },
    'routes/1': { uri: '/named', service_id: 's', upstream_id: 'gone' },
    'routes/2': { uri: '/none', plugins: {} },
    'routes/3': { uri: '/empty', upstream: { nodes: {} } },
    'routes/5': {
      uri: '/portless',
      plugins: { 'proxy-rewrite': { scheme: 'https' } },
      upstream: { nodes: [{ host: '127.0.0.1', weight: 1 }], scheme: 'http' },
    },
    'routes/4': { uri: '/weightless', upstream: { nodes: { '127.0.0.1:1': 0, '127.0.0.1:2': 0 } } },
  })
  const statusOf = async (target: string): Promise<[number, string | undefined]> => {
    const { status, headers } = await thread.inject({ target })
    return [status, headers.get('x-apisix-upstream-status')]
  }
  assert.deepEqual(await statusOf('/named'), [502, undefined])
  assert.deepEqual(await statusOf('/none'), [503, undefined])
  assert.deepEqual(await statusOf('/empty'), [503, undefined])
  assert.deepEqual(await statusOf('/weightless'), [502, undefined])
  assert.deepEqual(await statusOf('/portless'), [503, undefined], 'another scheme, and no port')
  thread.close()
})
