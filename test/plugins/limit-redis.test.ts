// Limits in a real Redis: what two gateways count together, every kind of Redis, and what happens when it is away.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'node:tls'
import { freePort } from '../e2e/process.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { startRedis, startRedisCluster, startSentinel } from '../lib/redis-servers.ts'
import { needs } from '../needs.ts'
import { until } from '../until.ts'
import { type PluginBench, startBench } from './harness.ts'

const redis = needs('redis-server')

/** Two gateways with threads of their own, and one route. */
async function twoGateways(plugins: object): Promise<[PluginBench, PluginBench]> {
  const benches = [await startBench(), await startBench()] as [PluginBench, PluginBench]
  for (const bench of benches) bench.route(plugins)
  return benches
}

async function countStatuses(benches: PluginBench[], each: number, at = 20): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  const run = async (bench: PluginBench): Promise<void> => {
    for (let i = 0; i < each / at; i++) {
      const { status } = await bench.send('/a')
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  await Promise.all(benches.flatMap((bench) => Array.from({ length: at }, () => run(bench))))
  return counts
}

test('two gateways let exactly the limit pass', redis, async () => {
  const { port, call } = await startRedis()
  for (const window_type of ['fixed', 'sliding']) {
    const benches = await twoGateways({
      'limit-count': {
        count: 77,
        time_window: 600,
        window_type,
        rejected_code: 429,
        policy: 'redis',
        redis_host: '127.0.0.1',
        redis_port: port,
      },
    })
    assert.deepEqual(await countStatuses(benches, 100), { 200: 77, 429: 123 })
    call('flushall')
  }
})

test('headers tell what is left, and a window ends', redis, async () => {
  const { port } = await startRedis()
  const [a, b] = await twoGateways({
    'limit-count': { count: 2, time_window: 3, policy: 'redis', redis_host: '127.0.0.1', redis_port: port },
  })
  assert.equal((await a.send('/a')).headers['x-ratelimit-remaining'], '1')
  assert.equal((await b.send('/a')).headers['x-ratelimit-remaining'], '0')
  const refused = await a.send('/a')
  assert.equal(refused.status, 503)
  assert.match(String(refused.headers['x-ratelimit-reset']), /^[0-3](?:\.\d{1,2})?$/)
  await until(async () => (await b.send('/a')).status === 200, 'the window ends')
})

test(
  'a sliding window in Redis: what of the window before still counts, and when a refused request has room',
  redis,
  async () => {
    const { port } = await startRedis()
    const window = { count: 4, time_window: 2, window_type: 'sliding' }
    const bench = await startBench()
    bench.route({ 'limit-count': { ...window, policy: 'redis', redis_host: '127.0.0.1', redis_port: port } })
    const send = () => bench.send('/a')
    // From the beginning of a window on, by Redis's clock, which is this machine's.
    await sleep(2000 - (Date.now() % 2000) + 20)
    for (let i = 0; i < 4; i++) assert.equal((await send()).status, 200)
    const full = await send()
    assert.equal(full.status, 503)
    assert.ok(Number(full.headers['x-ratelimit-reset']) > 1, 'this window is full')
    await sleep(2000 - (Date.now() % 2000) + 100)
    assert.equal((await send()).status, 200)
    const refused = await send()
    assert.equal(refused.status, 503)
    const seconds = Number(refused.headers['x-ratelimit-reset'])
    assert.ok(seconds > 0 && seconds < 0.5, `a quarter of a window from its beginning, not ${seconds} s`)
    await sleep(seconds * 1000 + 20)
    assert.equal((await send()).status, 200)
  },
)

test('a password, a user, a database', redis, async () => {
  const { port, call } = await startRedis('--requirepass', 'secret')
  call('acl', 'setuser', 'gateway', 'on', '>word', '~gateward:*', '+@all')
  const base = {
    count: 1,
    time_window: 60,
    policy: 'redis',
    redis_host: '127.0.0.1',
    redis_port: port,
    redis_database: 3,
  }
  const bench = await startBench()
  bench.route({ 'limit-count': { ...base, redis_username: 'gateway', redis_password: 'word' } })
  assert.deepEqual(await countStatuses([bench], 3, 1), { 200: 1, 503: 2 })
  assert.equal(call('-n', '3', 'dbsize'), '1')
  bench.route({ 'limit-count': { ...base, redis_password: 'wrong' } })
  const failed = await bench.send('/a')
  assert.deepEqual([failed.status, failed.json()], [500, { error_msg: 'failed to limit count' }])
})

test('TLS, with a certificate that is verified when asked for', redis, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-redis-tls-'))
  after(() => rmSync(directory, { recursive: true, force: true }))
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  const subject = ['-subj', '/CN=127.0.0.1', '-days', '2']
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  })
  const port = await freePort()
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-auth-clients', 'no']
  await startRedis('--tls-port', String(port), ...files)
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: port, redis_ssl: true }
  const bench = await startBench()
  bench.route({ 'limit-count': { count: 1, time_window: 60, ...where } })
  assert.deepEqual(await countStatuses([bench], 2, 1), { 200: 1, 503: 1 })
  bench.route({ 'limit-count': { count: 1, time_window: 60, ...where, redis_ssl_verify: true } })
  assert.equal((await bench.send('/a')).status, 500, 'nobody vouches for this certificate')
})

test('a Redis that has a name is told it in the handshake, one with an address is not', async () => {
  const names: string[] = []
  const server = createServer({
    ...makeCertificate('localhost'),
    SNICallback: (name, done) => {
      names.push(name)
      done(null)
    },
  })
  let handshakes = 0
  server.on('secureConnection', (socket) => {
    handshakes++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const bench = await startBench()
  for (const redis_host of ['127.0.0.1', 'localhost']) {
    bench.route({
      'limit-count': { count: 1, time_window: 60, policy: 'redis', redis_host, redis_port: port, redis_ssl: true },
    })
    assert.equal((await bench.send('/a')).status, 500)
  }
  assert.ok(handshakes >= 2)
  assert.deepEqual([...new Set(names)], ['localhost'])
})

test('a cluster of three', redis, async () => {
  const servers = await startRedisCluster()
  const where = {
    policy: 'redis-cluster',
    redis_cluster_nodes: servers.map(({ port }) => `127.0.0.1:${port}`),
    redis_cluster_name: 'limits',
    redis_timeout: 10_000,
  }
  const [a, b] = await twoGateways({
    'limit-count': { count: 5, time_window: 600, key: 'arg_user', ...where },
    'limit-req': { rate: 0.01, burst: 6, nodelay: true, key: 'arg_user', rejected_code: 429, ...where },
  })
  for (let user = 0; user < 12; user++) {
    const statuses = []
    for (const bench of [a, b, a, b, a, b, a, b]) statuses.push((await bench.send(`/a?user=${user}`)).status)
    assert.deepEqual(statuses, [200, 200, 200, 200, 200, 503, 503, 503])
  }
  const keys = servers.map((server) => Number(server.call('dbsize')))
  assert.ok(
    keys.every((count) => count > 0),
    `the keys are on all nodes: ${keys}`,
  )
})

test('the master that a sentinel names', redis, async () => {
  const master = await startRedis()
  const sentinel = await startSentinel(master)
  const benches = await twoGateways({
    'limit-count': {
      count: 10,
      time_window: 600,
      rejected_code: 429,
      policy: 'redis-sentinel',
      redis_sentinels: [{ host: '127.0.0.1', port: sentinel.port }],
      redis_master_name: 'limits',
      redis_timeout: 10_000,
    },
  })
  assert.deepEqual(await countStatuses(benches, 10, 5), { 200: 10, 429: 10 })
})

test('limit-req: one bucket for all gateways', redis, async () => {
  const { port } = await startRedis()
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: port }
  const benches = await twoGateways({
    'limit-req': { rate: 0.01, burst: 9, nodelay: true, key: 'remote_addr', rejected_code: 429, ...where },
  })
  assert.deepEqual(await countStatuses(benches, 20, 5), { 200: 10, 429: 30 })
})

test('limit-conn: places are taken and given back in Redis', redis, async () => {
  const { port, call } = await startRedis()
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: port }
  const [a, b] = await twoGateways({
    'limit-conn': { conn: 1, burst: 0, default_conn_delay: 0.1, key: 'remote_addr', rejected_code: 429, ...where },
    'fault-injection': { delay: { duration: 0 } },
  })
  for (const bench of [a, b, a]) assert.equal((await bench.send('/a')).status, 200)
  await until(() => call('keys', '*') === '') // the last place is on its way back
})

test('a Redis that is away refuses, or lets pass; it is used again when it is back', redis, async () => {
  const server = await startRedis()
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: server.port, redis_timeout: 500 }
  const limit = { count: 100, time_window: 60, ...where }
  const bench = await startBench()
  bench.route({ 'limit-count': limit })
  assert.equal((await bench.send('/a')).status, 200)
  await server.stop()
  assert.equal((await bench.send('/a')).status, 500)
  bench.route({ 'limit-count': { ...limit, allow_degradation: true } })
  assert.equal((await bench.send('/a')).status, 200)
  const req = { rate: 1, burst: 0, key: 'remote_addr', ...where }
  bench.route({ 'limit-req': req })
  assert.deepEqual((await bench.send('/a')).json(), { error_msg: 'failed to limit req' })
  bench.route({ 'limit-conn': { conn: 1, burst: 0, default_conn_delay: 1, ...where } })
  assert.deepEqual((await bench.send('/a')).json(), { error_msg: 'failed to limit conn' })
  await server.restart()
  assert.equal((await bench.send('/a')).status, 200)
})

test('with sync_interval what has passed is settled with Redis from time to time', redis, async () => {
  const { port } = await startRedis()
  const where = { policy: 'redis', redis_host: '127.0.0.1', redis_port: port }
  const [a, b] = await twoGateways({
    'limit-count': { count: 10, time_window: 600, rejected_code: 429, sync_interval: 0.1, ...where },
  })
  assert.deepEqual(await countStatuses([a], 6, 1), { 200: 6 })
  await sleep(400)
  assert.deepEqual(await countStatuses([b], 6, 1), { 200: 4, 429: 2 })
  await sleep(400)
  assert.deepEqual(await countStatuses([a, b], 3, 1), { 429: 6 })
})
