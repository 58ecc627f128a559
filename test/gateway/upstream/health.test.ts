import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { DnsCache } from '../../../src/gateway/upstream/dns.ts'
import { type HealthLink, NodesHealth } from '../../../src/gateway/upstream/health.ts'
import { HealthMonitor } from '../../../src/gateway/upstream/health-monitor.ts'
import { HealthTable } from '../../../src/gateway/upstream/health-table.ts'
import { readNodes } from '../../../src/gateway/upstream/nodes.ts'
import type { Node } from '../../../src/gateway/upstream/runtime.ts'
import { createLogger } from '../../../src/lib/log.ts'
import { until } from '../../until.ts'
import { healthForTest, threadForTest } from '../thread-for-test.ts'

type TestThread = ReturnType<typeof threadForTest>

const statuses = [200, 200]
const probes = [0, 0]
const servers: http.Server[] = []
let nodes: Record<string, number>

before(async () => {
  for (const i of [0, 1]) {
    const server = http.createServer((request, response) => {
      if (request.url === '/h') probes[i] = (probes[i] as number) + 1
      response.statusCode = statuses[i] as number
      response.end(String(i))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    servers.push(server)
  }
  nodes = Object.fromEntries(servers.map((server) => [`127.0.0.1:${(server.address() as AddressInfo).port}`, 1]))
})
after(() => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})

const QUICK = {
  type: 'http',
  http_path: '/h',
  healthy: { interval: 1, successes: 1 },
  unhealthy: { interval: 1, http_failures: 1 },
}
const PASSIVE = { unhealthy: { http_statuses: [500], http_failures: 4 } }

/** Bodies of ten requests, sorted: which node answered how often. */
async function spread(thread: TestThread): Promise<string> {
  const bodies: string[] = []
  for (let i = 0; i < 10; i++) bodies.push((await thread.inject({ target: '/a' })).body.toString())
  return bodies.sort().join('')
}

/** Two threads of one process with the same route. */
function pair(upstream: object, also: Record<string, object> = {}) {
  const health = healthForTest()
  const resources = { 'routes/1': { uri: '/a', upstream: { nodes, ...upstream } }, ...also }
  const threads = [0, 1].map(() => threadForTest(resources, {}, health)) as [TestThread, TestThread]
  const close = (): void => {
    for (const thread of threads) thread.close()
    health.monitor.close()
    statuses.fill(200)
  }
  return { health, threads, close }
}

test('active checks take a failing node out for all threads and bring it back; a node is asked once, not by each thread', async () => {
  const { health, threads, close } = pair({ checks: { active: QUICK } })
  const [first, second] = threads
  assert.equal(await spread(first), '0000011111')
  assert.equal(await spread(second), '0000011111')
  probes.fill(0)
  const begun = performance.now()
  statuses[1] = 500
  await until(async () => (await spread(first)) === '0000000000', 'the first thread avoids the node')
  assert.equal(await spread(second), '0000000000')
  statuses[1] = 200
  await until(async () => (await spread(second)) === '0000011111', 'the second thread uses the node again')
  assert.equal(await spread(first), '0000011111')
  const seconds = (performance.now() - begun) / 1000
  assert.ok((probes[0] as number) <= seconds + 1, `${probes[0]} checks in ${seconds} s`)
  const [report] = health.monitor.reports('routes/1')
  assert.deepEqual([report?.name, report?.type, report?.nodes.length], ['routes/1', 'http', 2])
  close()
})

test('what the requests of two threads see is counted together, exactly, and holds for both at once', async () => {
  const { health, threads, close } = pair({ checks: { passive: PASSIVE } })
  const [first, second] = threads
  statuses[0] = 500
  const failures = (): number | undefined =>
    health.monitor.reports()[0]?.nodes.find((node) => `${node.ip}:${node.port}` in nodes)?.counter.http_failure
  for (const [thread, count] of [
    [first, 1],
    [second, 2],
    [second, 3],
    [first, 4],
  ] as const) {
    while ((await thread.inject({ target: '/a' })).status !== 500);
    assert.equal(failures(), count)
  }
  assert.equal(await spread(second), '1111111111')
  assert.equal(await spread(first), '1111111111')
  close()
})

test('a success in between begins the count of failures anew', async () => {
  const { threads, close } = pair({ checks: { passive: { ...PASSIVE, healthy: { successes: 1 } } } })
  const [first, second] = threads
  for (const status of [500, 200, 500, 200, 500]) {
    statuses.fill(status)
    // Both threads, both nodes: two outcomes for each node.
    for (const thread of [first, first, second, second]) await thread.inject({ target: '/a' })
  }
  statuses.fill(200)
  assert.equal(await spread(first), '0000011111')
  close()
})

test('with every node down all are tried, by all threads', async () => {
  const { threads, close } = pair({ checks: { passive: PASSIVE }, retries: 0 })
  statuses.fill(500)
  for (const thread of threads) await spread(thread)
  for (const thread of threads) assert.equal(await spread(thread), '0000011111')
  close()
})

for (const balancer of ['roundrobin', 'chash', 'least_conn', 'ewma']) {
  test(`${balancer} passes over nodes that are down`, async () => {
    const conf = { type: balancer, key: 'arg_k', checks: { passive: { unhealthy: { http_failures: 1 } } } }
    const { threads, close } = pair(conf)
    statuses[0] = 500
    // Keys of the query: chash meets both nodes.
    for (let i = 0; i < 40; i++) await threads[0].inject({ target: `/a?k=${i}` })
    const bodies = new Set<string>()
    for (let i = 0; i < 40; i++) bodies.add((await threads[1].inject({ target: `/a?k=${i}` })).body.toString())
    assert.deepEqual([...bodies], ['1'])
    close()
  })
}

test('what is known of a node outlives a change of its upstream, but not its removal', async () => {
  const { health, threads, close } = pair({ checks: { passive: PASSIVE } })
  const [first, second] = threads
  statuses[0] = 500
  await spread(first)
  const changed = { uri: '/a', upstream: { nodes, retries: 0, checks: { passive: PASSIVE } } }
  for (const thread of threads) thread.put('routes/1', changed)
  assert.deepEqual(health.monitor.reports(), [], 'not in use since the change')
  assert.equal(await spread(second), '1111111111')
  assert.equal(health.monitor.reports().length, 1)
  for (const thread of threads) thread.put('routes/1', undefined)
  assert.deepEqual(health.monitor.reports(), [])
  for (const thread of threads) thread.put('routes/1', changed)
  assert.match(await spread(second), /^0+1+$/)
  close()
})

test('slots of removed upstreams are used again; nodes beyond the bound are taken for healthy', async () => {
  const health = healthForTest(2)
  const thread = threadForTest({}, {}, health)
  const route = (i: number): object => ({ uri: '/a', upstream: { nodes, checks: { passive: PASSIVE } }, id: `${i}` })
  for (let i = 0; i < 10; i++) {
    thread.put(`routes/${i}`, route(i))
    assert.equal(await spread(thread), '0000011111')
    assert.equal(health.monitor.reports()[0]?.nodes.length, 2)
    thread.put(`routes/${i}`, undefined)
  }
  thread.put('routes/first', route(0))
  await spread(thread)
  thread.put('routes/second', { ...route(1), priority: 1 })
  statuses[0] = 500
  await spread(thread)
  assert.match(await spread(thread), /^0+1+$/, 'no room: not counted')
  assert.deepEqual(health.monitor.reports('routes/second')[0]?.nodes, [])
  thread.close()
  health.monitor.close()
  statuses.fill(200)
})

test('a thread that speaks of an older configuration is not heard', () => {
  const { table, monitor, versions } = healthForTest()
  versions.set('upstreams/1', 7)
  const spec = { key: 'upstreams/1', owner: 'upstreams/1', version: 6, conf: { nodes, checks: { active: QUICK } } }
  monitor.begin(spec)
  assert.deepEqual(monitor.reports(), [])
  monitor.begin({ ...spec, version: 7 })
  assert.equal(monitor.reports()[0]?.nodes.length, 2)
  monitor.close()
  assert.equal(table.find(`upstreams/1 ${Object.keys(nodes)[0]}`), -1)
})

test('what is seen before the main thread has given out the slots is counted too, once it has', () => {
  const { table, monitor, versions } = healthForTest()
  versions.set('upstreams/1', 1)
  const conf = { nodes: { '127.0.0.1:1': 1 }, checks: { passive: { unhealthy: { tcp_failures: 2 } } } }
  const spec = { key: 'upstreams/1', owner: 'upstreams/1', version: 1, conf }
  const messages: (() => void)[] = []
  const link: HealthLink = {
    table: new HealthTable(table.buffer),
    begin: (begun) => void messages.push(() => monitor.begin(begun)),
    observed: (...seen) => void messages.push(() => monitor.observed(...seen)),
  }
  const [first, second] = [new NodesHealth(spec, link), new NodesHealth(spec, link)]
  const [node] = readNodes(conf) as [Node]
  for (const one of [first, second]) {
    one.begin()
    one.observe(node, { tcpFailure: true })
    assert.equal(one.isUp(node), true)
  }
  assert.equal(messages.length, 4)
  for (const deliver of messages.splice(0)) deliver()
  assert.deepEqual([first.isUp(node), second.isUp(node)], [false, false])
  first.observe(node, { tcpFailure: true })
  assert.equal(messages.length, 0, 'from now on the table is enough')
  monitor.close()
})

test('nodes come and go with the addresses of their names; a name that fails is not asked for at every turn', async () => {
  const { table, versions } = healthForTest()
  const named = readNodes({ nodes: { 'a.example:80': 1 } })
  const at = (address: string): Node => ({ ...(named[0] as Node), address, key: `${address}:80` })
  let answer: Node[] | undefined
  let questions = 0
  const expand = (): Node[] | Promise<Node[]> => {
    questions++
    return answer ?? Promise.reject(new Error('no such name'))
  }
  const dns = { expand } as unknown as DnsCache
  const monitor = new HealthMonitor({
    table,
    dns,
    version: (key) => versions.get(key) ?? 0,
    log: createLogger('silent'),
  })
  const spec = {
    key: 'upstreams/1',
    owner: 'upstreams/1',
    version: 0,
    conf: { nodes: { 'a.example:80': 1 }, checks: {} },
  }
  monitor.begin(spec)
  await new Promise((resolve) => setTimeout(resolve, 700))
  assert.equal(questions, 1)
  answer = [at('10.0.0.1'), at('10.0.0.2')]
  monitor.begin({ ...spec, conf: { ...spec.conf, retries: 0 } })
  const addresses = (): string[] | undefined => monitor.reports()[0]?.nodes.map(({ ip }) => ip)
  assert.deepEqual(addresses(), ['10.0.0.1', '10.0.0.2'])
  table.count(table.find('upstreams/1 10.0.0.2:80'), 'tcp_failure', 1)
  answer = [at('10.0.0.2'), at('10.0.0.3')]
  await until(() => addresses()?.join() === '10.0.0.2,10.0.0.3', 'the new addresses are watched')
  assert.equal(monitor.reports()[0]?.nodes[0]?.status, 'unhealthy')
  assert.equal(table.find('upstreams/1 10.0.0.1:80'), -1)
  monitor.close()
})
