// docs: admin-api (upstream), terminology/upstream, tutorials/health-check, FAQ (names as nodes)
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { freePort } from '../../e2e/process.ts'
import { until } from '../../until.ts'
import { type Stage, type StoryRequest, startStories } from './story.ts'

// One thread, so that the order of nodes is that of one balancer.
const { story, node, node2 } = await startStories({ GATEWARD_THREADS: '1' })
const dead = `127.0.0.1:${await freePort()}`
const [host, port] = node.split(':') as [string, string]
const [host2, port2] = node2.split(':') as [string, string]

const routeTo = (upstream: object, more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/*', upstream, ...more },
]
const servers = async (
  stage: Stage,
  count: number,
  of: (i: number) => StoryRequest = () => ({}),
): Promise<string[]> => {
  const found: string[] = []
  for (let i = 0; i < count; i++) {
    const { status, body } = await stage.send(`/a?i=${i}`, of(i))
    found.push(status === 200 ? (body as { server: string }).server : String(status))
  }
  return found
}
const countOf = (list: string[], one: string): number => list.filter((other) => other === one).length

story(
  'roundrobin: requests by weight',
  [routeTo({ type: 'roundrobin', nodes: { [node]: 3, [node2]: 1 } })],
  async (stage) => {
    const found = await servers(stage, 8)
    assert.deepEqual([countOf(found, 'u1'), countOf(found, 'u2')], [6, 2])
  },
)

story(
  'a weight of 0: no requests',
  [routeTo({ type: 'roundrobin', nodes: { [node]: 0, [node2]: 1 } })],
  async (stage) => {
    assert.equal(countOf(await servers(stage, 4), 'u2'), 4)
  },
)

const list = [
  { host, port: Number(port), weight: 1, priority: 0 },
  { host: host2, port: Number(port2), weight: 1, priority: -1 },
]
story('a node of lower priority is asked when the others have failed', [routeTo({ nodes: list })], async (stage) => {
  assert.equal(countOf(await servers(stage, 4), 'u1'), 4)
  const [deadHost, deadPort] = dead.split(':')
  const first = { host: deadHost, port: Number(deadPort), weight: 1, priority: 0 }
  await stage.put(...routeTo({ nodes: [first, list[1]] }))
  assert.equal(countOf(await servers(stage, 4), 'u2'), 4)
})

const chash = (more: object): object => ({ type: 'chash', nodes: { [node]: 1, [node2]: 1 }, ...more })
/** What equals goes to the same node, and what differs reaches both. */
const sticks = (name: string, more: object, of: (i: number) => StoryRequest, plugins: object = {}): void =>
  story(
    `chash by ${name}`,
    [
      ['consumers/k0', { username: 'k0', plugins: { 'key-auth': { key: 'k0' } } }],
      ['consumers/k1', { username: 'k1', plugins: { 'key-auth': { key: 'k1' } } }],
      routeTo(chash(more), { plugins }),
    ],
    async (stage) => {
      if (name !== 'a variable') assert.equal(new Set(await servers(stage, 6, () => of(0))).size, 1)
      if (name === 'consumer') return
      assert.equal(new Set(await servers(stage, 40, of)).size, 2)
    },
  )
sticks('a header', { hash_on: 'header', key: 'Content-Type' }, (i) => ({ headers: { 'Content-Type': `text/${i}` } }))
sticks('a cookie', { hash_on: 'cookie', key: 'sid' }, (i) => ({ headers: { Cookie: `sid=s${i}` } }))
sticks('a variable', { hash_on: 'vars', key: 'arg_i' }, () => ({}))
sticks('several variables', { hash_on: 'vars_combinations', key: '$http_x_key$remote_addr' }, (i) => ({
  headers: { 'X-Key': `k${i}` },
}))
sticks('consumer', { hash_on: 'consumer' }, (i) => ({ headers: { apikey: `k${i % 2}` } }), { 'key-auth': {} })

for (const type of ['ewma', 'least_conn'])
  story(`${type}: both nodes serve`, [routeTo({ type, nodes: { [node]: 1, [node2]: 1 } })], async (stage) => {
    const found = await Promise.all(Array.from({ length: 12 }, () => stage.send('/a?delay=30')))
    assert.equal(new Set(found.map(({ body }) => (body as { server: string }).server)).size, 2)
  })

story(
  'the next node after a failure; retries 0: none',
  [routeTo({ nodes: { [dead]: 10, [node]: 1 } })],
  async (stage) => {
    assert.equal(countOf(await servers(stage, 6), 'u1'), 6)
    await stage.put(...routeTo({ nodes: { [dead]: 1 }, retries: 0 }))
    assert.deepEqual(await servers(stage, 1), ['502'])
  },
)

story(
  'timeouts of the upstream, and of the route before it',
  [routeTo({ nodes: { [node]: 1 }, timeout: { connect: 1, send: 1, read: 0.2 }, retries: 0 })],
  async (stage) => {
    await stage.step({ get: '/a?delay=600', status: 504 })
    const timeout = { connect: 1, send: 1, read: 3 }
    await stage.put(...routeTo({ nodes: { [node]: 1 }, timeout: { ...timeout, read: 0.2 } }, { timeout }))
    await stage.step({ get: '/a?delay=600', status: 200 })
  },
)

const hosts: [object, string][] = [
  [{}, 'client.example'],
  [{ pass_host: 'pass' }, 'client.example'],
  [{ pass_host: 'node' }, node],
  [{ pass_host: 'rewrite', upstream_host: 'own.example' }, 'own.example'],
]
for (const [more, wanted] of hosts)
  story(
    `Host for the upstream: ${JSON.stringify(more)}`,
    [routeTo({ nodes: { [node]: 1 }, ...more })],
    [{ get: '/a', headers: { Host: 'client.example' }, status: 200, seen: { host: wanted } }],
  )

for (const [more, wanted] of [[{}, 'plugin.example'], ...hosts.slice(2)] as typeof hosts)
  story(
    `Host for the upstream, and a plugin's: ${JSON.stringify(more)}`,
    [routeTo({ nodes: { [node]: 1 }, ...more }, { plugins: { 'proxy-rewrite': { host: 'plugin.example' } } })],
    [{ get: '/a', headers: { Host: 'client.example' }, status: 200, seen: { host: wanted } }],
  )

story(
  'of both an upstream and its id, the id counts',
  [['upstreams/2', { nodes: { [node2]: 1 } }], routeTo({ nodes: { [node]: 1 } }, { upstream_id: '2' })],
  [{ get: '/a', status: 200, body: { server: 'u2' } }],
)

story('a name as node, one without a port', [routeTo({ nodes: { [`localhost:${port}`]: 1 } })], async (stage) => {
  await stage.step({ get: '/a', status: 200, body: { server: 'u1' } })
  await stage.put(...routeTo({ nodes: [{ host: 'localhost', port: Number(port), weight: 1 }] }))
  await stage.step({ get: '/a', status: 200, body: { server: 'u1' } })
  // Port 80 of this machine: nobody serves there, or somebody who does not know this path.
  await stage.put(...routeTo({ nodes: { '127.0.0.1': 1 } }))
  assert.notEqual((await stage.send('/a')).status, 200)
})

story(
  'connections to the upstream are kept as keepalive_pool says',
  [routeTo({ nodes: { [node]: 1 }, keepalive_pool: { size: 2, idle_timeout: 3, requests: 5 } })],
  [{ get: '/a', status: 200 }],
)

story('what an upstream must not be', [], async (stage) => {
  const refuse = (upstream: object, message: RegExp): Promise<void> => stage.refuses('upstreams/1', upstream, message)
  await refuse({ type: 'chash', nodes: { [node]: 1 } }, /key/)
  await refuse({ type: 'roundrobin' }, /invalid configuration/)
  await refuse({ type: 'roundrobin', nodes: { [node]: -1 } }, /invalid configuration/)
  await refuse({ nodes: { [node]: 1 }, pass_host: 'rewrite' }, /upstream_host/)
  await refuse({ nodes: { [node]: 1 }, retries: -1 }, /retries/)
  await refuse({ nodes: { [node]: 1 }, timeout: { connect: 0, send: 1, read: 1 } }, /timeout/)
  await refuse({ nodes: { [node]: 1 }, keepalive_pool: { size: 0 } }, /size/)
})

/** A server whose health can be switched, and what its probes looked like. */
async function patient(): Promise<{ address: string; healthy: boolean; probes: string[] }> {
  const state = { address: '', healthy: true, probes: [] as string[] }
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/status')) state.probes.push(`${request.headers.host} ${request.headers['x-probe']}`)
    response.statusCode = state.healthy ? 200 : 500
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ server: 'patient' }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  state.address = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return state
}

const active = {
  timeout: 1,
  http_path: '/status',
  host: 'foo.com',
  req_headers: ['X-Probe: yes'],
  healthy: { interval: 1, successes: 1 },
  unhealthy: { interval: 1, http_failures: 1, tcp_failures: 1, timeouts: 1 },
}
const state = await patient()
story(
  'active checks take a node out and bring it back',
  [
    routeTo({
      nodes: { [state.address]: 1, [node]: 1 },
      checks: { active: { ...active, http_path: '/status?status=200' } },
    }),
  ],
  async (stage) => {
    const both = async (): Promise<number> => new Set(await servers(stage, 4)).size
    assert.equal(await both(), 2)
    await until(() => state.probes[0], 'no probe')
    assert.equal(state.probes[0], 'foo.com yes')
    state.healthy = false
    await until(async () => (await both()) === 1, 'the node is still asked')
    assert.deepEqual(new Set(await servers(stage, 6)), new Set(['u1']))
    state.healthy = true
    await until(async () => (await both()) === 2, 'the node does not come back')
  },
)

const passive = {
  healthy: { http_statuses: [200, 201], successes: 3 },
  unhealthy: { http_statuses: [500], http_failures: 2, tcp_failures: 2 },
}
const rarely = { ...active, healthy: { interval: 60, successes: 1 }, unhealthy: { ...active.unhealthy, interval: 60 } }
const second = await patient()
story(
  'passive checks see failures in the traffic',
  [routeTo({ nodes: { [second.address]: 1, [node]: 1 }, checks: { active: rarely, passive } })],
  async (stage) => {
    second.healthy = false
    const found = await servers(stage, 12)
    assert.equal(countOf(found, '500'), 2)
    assert.deepEqual(new Set(found.slice(6)), new Set(['u1']))
  },
)

const third = await patient()
const fourth = await patient()
story(
  'no healthy node: the upstream is asked all the same; the Control API tells',
  [routeTo({ nodes: { [third.address]: 1, [fourth.address]: 1 }, checks: { active } })],
  async (stage) => {
    third.healthy = false
    fourth.healthy = false
    await stage.send('/a')
    const states = async (): Promise<string[]> => {
      const at = `http://${stage.running.env.GATEWARD_CONTROL_LISTEN}/v1/healthcheck/routes/1`
      const { nodes = [] } = (await (await fetch(at)).json()) as { nodes?: { status: string }[] }
      return nodes.map(({ status }) => status)
    }
    await until(async () => (await states()).every((one) => one === 'unhealthy'), 'not unhealthy')
    assert.deepEqual(await servers(stage, 1), ['500'])
  },
)

for (const type of ['tcp', 'http'] as const)
  story(
    `a node that does not listen is taken out (${type})`,
    [routeTo({ nodes: { [dead]: 1, [node]: 1 }, retries: 0, checks: { active: { ...active, type, http_path: '/' } } })],
    async (stage) => {
      await servers(stage, 2)
      await until(async () => !(await servers(stage, 4)).includes('502'), 'the node is still asked')
    },
  )

story('passive checks want active ones beside them', [], async (stage) => {
  await stage.refuses('upstreams/1', { nodes: { [node]: 1 }, checks: { passive } }, /checks/)
})
