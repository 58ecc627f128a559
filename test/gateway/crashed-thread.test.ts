// A data-plane thread of a whole gateway ends by itself: it is started again, and nothing that the threads share is lost.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { freePort } from '../e2e/process.ts'
import { type GatewayForTest, gatewayForTest } from '../operations/gateway-for-test.ts'
import { until } from '../until.ts'

const workers: Worker[] = []
const keep = (worker: Worker): void => void workers.push(worker)
let gateway: GatewayForTest
let control: string
let status: string
let metrics: string
/** Requests to a node that fails its health checks, and those checks. */
const bad = { requests: 0, checks: 0 }
/** Requests that wait for an answer which never comes. */
let held = 0
const holding = http.createServer(() => void held++)
const failing = http.createServer((request, response) => {
  if (request.url === '/check') bad.checks++
  else bad.requests++
  response.writeHead(500).end()
})

before(async () => {
  process.on('worker', keep)
  await new Promise<void>((resolve) => failing.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => holding.listen(0, '127.0.0.1', resolve))
  control = `127.0.0.1:${await freePort()}`
  status = `127.0.0.1:${await freePort()}`
  metrics = `127.0.0.1:${await freePort()}`
  const more = ['--metrics-listen', metrics, '--threads', '2', '--control-listen', control, '--status-listen', status]
  gateway = await gatewayForTest(undefined, more)
})
after(async () => {
  process.off('worker', keep)
  // First the upstreams: a gateway that closes waits for the requests that they hold.
  for (const server of [failing, holding]) {
    server.close()
    server.closeAllConnections()
  }
  await gateway.close()
})

/** The status of a request on a connection of its own, or on the one of `agent`. */
function get(path: string, agent: http.Agent | false = false): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = http.get(gateway.gateway + path, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    })
    request.once('error', reject)
  })
}

/** Statuses of so many requests, each on a new connection, so that both threads get some. */
async function getMany(path: string, times: number): Promise<(number | undefined)[]> {
  const statuses: (number | undefined)[] = []
  for (let i = 0; i < times; i++) statuses.push(await get(path))
  return statuses
}

/** Status of the failing node as the Control API tells it. */
async function health(): Promise<string | undefined> {
  const response = await fetch(`http://${control}/v1/healthcheck/upstreams/u`)
  if (response.status !== 200) return undefined
  const { nodes } = (await response.json()) as { nodes: { port: number; status: string }[] }
  return nodes.find((node) => node.port === (failing.address() as AddressInfo).port)?.status
}

/** Answers with 200 that the metrics know of. */
async function served(): Promise<number> {
  const text = await (await fetch(`http://${metrics}/apisix/prometheus/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith('apisix_http_status{code="200"'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function configure(): Promise<void> {
  const active = {
    http_path: '/check',
    healthy: { interval: 1, successes: 1 },
    unhealthy: { interval: 1, http_failures: 1 },
  }
  const nodes = { [gateway.api]: 1, [`127.0.0.1:${(failing.address() as AddressInfo).port}`]: 1 }
  const limit = { count: 4, time_window: 600, rejected_code: 429, key: 'server_addr' }
  const written = [
    await gateway.admin('PUT', '/global_rules/metrics', { plugins: { prometheus: {} } }),
    await gateway.admin('PUT', '/upstreams/u', { type: 'roundrobin', nodes, checks: { active } }),
    await gateway.admin('PUT', '/routes/web', { uri: '/web', upstream_id: 'u' }),
    await gateway.admin('PUT', '/routes/limited', {
      uri: '/limited',
      plugins: { 'limit-count': limit },
      upstream: { type: 'roundrobin', nodes: { [gateway.api]: 1 } },
    }),
  ]
  for (const answer of written) assert.equal(answer.status, 201, JSON.stringify(answer.body))
}

test('a thread that ends is started again; the others keep their connections, limits and health hold', async () => {
  await configure()
  await get('/web')
  await until(async () => (await health()) === 'unhealthy', 'the checks find the node')
  assert.deepEqual(await getMany('/limited', 2), [200, 200])
  const agents = Array.from({ length: 16 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }))
  for (const agent of agents) assert.equal(await get('/web', agent), 200)
  const idle = (): Socket[] => agents.flatMap((agent) => Object.values(agent.freeSockets).flat() as Socket[])
  await until(() => idle().length === 16, 'all connections are idle')
  const sockets = idle()
  let broken = 0
  for (const socket of sockets) socket.once('close', () => broken++)
  bad.requests = 0
  const counted = await served()

  const [first] = workers
  assert.equal(workers.length, 2)
  const ended = once(first as Worker, 'exit')
  await (first as Worker).terminate()
  await ended
  await until(() => broken > 0, 'connections of the ended thread are closed')
  for (const [i, agent] of agents.entries())
    if (!sockets[i]?.destroyed) assert.equal(await get('/web', agent), 200, 'a connection of the other thread')
  await until(() => workers.length === 3, 'another thread is started')
  await until(async () => (await fetch(`http://${status}/status/ready`)).status === 200, 'it is ready')
  assert.ok(broken < 16, 'no connection has survived')

  assert.deepEqual(await getMany('/limited', 4), [200, 200, 429, 429])
  const checksBefore = bad.checks
  const begun = performance.now()
  assert.deepEqual(new Set(await getMany('/web', 30)), new Set([200]))
  assert.equal(bad.requests, 0, 'neither thread has tried the node that is down')
  await until(() => bad.checks >= checksBefore + 2, 'the node is still checked')
  assert.ok(bad.checks - checksBefore <= (performance.now() - begun) / 1000 + 2, 'once a second, not once for a thread')
  assert.equal(await health(), 'unhealthy')
  assert.ok((await served()) >= counted + 34, 'the metrics go on from where they were')
  for (const agent of agents) agent.destroy()
})

test('places in limit-conn that a thread held are free when it has ended', async () => {
  const limit = { conn: 2, burst: 0, default_conn_delay: 0.1, key: 'server_addr', rejected_code: 429 }
  const written = await gateway.admin('PUT', '/routes/held', {
    uri: '/held',
    plugins: { 'limit-conn': limit },
    upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${(holding.address() as AddressInfo).port}`]: 1 } },
  })
  assert.equal(written.status, 201, JSON.stringify(written.body))
  const hold = (): void => void get('/held').catch(() => undefined) // its thread ends before there is an answer
  hold()
  hold()
  await until(() => held === 2, 'both places are taken')
  assert.equal(await get('/held'), 429)
  const before = workers.length
  for (const worker of workers.slice(-2)) await worker.terminate()
  await until(() => workers.length === before + 2, 'other threads are started')
  await until(async () => (await fetch(`http://${status}/status/ready`)).status === 200, 'they are ready')
  hold()
  hold()
  await until(() => held === 4, 'both places are taken again')
  assert.equal(await get('/held'), 429)
})

test('a first thread that ends while it starts ends the start with a reason', async () => {
  process.once('worker', (worker: Worker) => void worker.terminate())
  await assert.rejects(gatewayForTest(), /the first data-plane thread has ended while it started/)
})
