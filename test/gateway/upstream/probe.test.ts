// One active check: what it asks, and what it makes of the answer.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import type { Logger } from '../../../src/gateway/plugin.ts'
import { DnsCache } from '../../../src/gateway/upstream/dns.ts'
import { HealthMonitor } from '../../../src/gateway/upstream/health-monitor.ts'
import { type ActiveCheck, HealthRules } from '../../../src/gateway/upstream/health-rules.ts'
import { readNodes } from '../../../src/gateway/upstream/nodes.ts'
import { probe } from '../../../src/gateway/upstream/probe.ts'
import type { Node, Outcome } from '../../../src/gateway/upstream/runtime.ts'
import { createLogger } from '../../../src/lib/log.ts'
import { checkUpstream } from '../../../src/resources/upstream-schema.ts'
import { freePort } from '../../e2e/process.ts'
import { until } from '../../until.ts'
import { makeCertificate } from '../listening.ts'
import { healthForTest } from '../thread-for-test.ts'

const open: net.Server[] = []
const asked: string[] = []
const answer: http.RequestListener = ({ method, url, headers }, response) => {
  asked.push(`${method} ${url} ${headers.host} ${headers['x-a'] ?? '-'}`)
  response.statusCode = Number(url?.slice(1)) || 200
  response.write('begins and does not end')
}
const plain = http.createServer(answer)
const secure = https.createServer(makeCertificate('a.example'), answer)
/** Accepts, and says nothing; sends a head byte by byte. */
const silent = net.createServer((socket) => void socket.on('error', () => {}).resume())
const trickling = net.createServer((socket) => {
  socket.write('HTTP/1.1 200 OK\r\nX-Long: ')
  const timer = setInterval(() => socket.write('x'), 20)
  socket.on('error', () => {}).once('close', () => clearInterval(timer))
})

before(async () => {
  for (const server of [plain, secure, silent, trickling]) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push(server)
  }
})
after(() => {
  for (const server of open) server.close()
  plain.closeAllConnections()
  secure.closeAllConnections()
})

const nodeAt = (port: number): Node => readNodes({ nodes: { [`127.0.0.1:${port}`]: 1 } })[0] as Node
const portOf = (server: net.Server): number => (server.address() as AddressInfo).port
function ask(port: number, check: ActiveCheck = {}, signal = new AbortController().signal): Promise<Outcome> {
  return probe(nodeAt(port), check, signal)
}

test('http: the status counts, the body is not waited for', async () => {
  asked.length = 0
  const port = portOf(plain)
  assert.deepEqual(await ask(port), { status: 200 })
  const check = { http_path: '/503', host: 'a.example', req_headers: ['X-A: 1', 'Host: b.example:8', 'nonsense'] }
  assert.deepEqual(await ask(port, check), { status: 503 })
  assert.deepEqual(await ask(1, { port }), { status: 200 }, 'a port of its own')
  const own = `127.0.0.1:${port}`
  assert.deepEqual(asked, [`GET / ${own} -`, 'GET /503 b.example:8 1', 'GET / 127.0.0.1:1 -'])
})

test('the Host of a check is that of requests, where the upstream says so', async () => {
  const port = portOf(plain)
  const active = { host: 'check.example', healthy: { interval: 0.01 }, unhealthy: { interval: 0.01 } }
  const seenWith = async (more: object): Promise<string> => {
    asked.length = 0
    const { table } = healthForTest()
    const log = createLogger('silent')
    const monitor = new HealthMonitor({ table, dns: new DnsCache(), version: () => 1, log })
    const conf = { nodes: { [`localhost:${port}`]: 1 }, checks: { active }, ...more }
    monitor.begin({ key: 'routes/1', owner: 'routes/1', version: 1, conf })
    await until(() => asked.length > 0)
    monitor.close()
    return asked[0] as string
  }
  assert.equal(await seenWith({}), 'GET / check.example -')
  assert.equal(await seenWith({ pass_host: 'node' }), `GET / localhost:${port} -`)
  assert.equal(await seenWith({ pass_host: 'rewrite', upstream_host: 'own.example' }), 'GET / own.example -')
})

test('https: the certificate is verified unless the check says no', async () => {
  const check = { type: 'https', host: 'a.example' } as const
  assert.deepEqual(await ask(portOf(secure), check), { tcpFailure: true })
  assert.deepEqual(await ask(portOf(secure), { ...check, https_verify_certificate: false }), { status: 200 })
})

test('tcp: a connection is enough', async () => {
  assert.deepEqual(await ask(portOf(silent), { type: 'tcp' }), {})
  assert.deepEqual(await ask(await freePort(), { type: 'tcp' }), { tcpFailure: true })
})

test('a node that is silent, or slower than the timeout in all, is late; a check may be given up', async () => {
  assert.deepEqual(await ask(portOf(silent), { timeout: 0.1 }), { timeout: true })
  assert.deepEqual(await ask(portOf(trickling), { timeout: 0.1 }), { timeout: true })
  const abort = new AbortController()
  const given = ask(portOf(silent), { timeout: 30 }, abort.signal)
  abort.abort()
  assert.deepEqual(await given, { tcpFailure: true })
})

test('a signal keeps nothing of the checks that have ended', async () => {
  const { signal } = new AbortController()
  for (const type of ['tcp', 'http'] as const) await ask(portOf(plain), { type }, signal)
  assert.equal(getEventListeners(signal, 'abort').length, 0)
})

test('a check that cannot be written as a request is said once, and the node stays as it is', async () => {
  for (const check of [{ http_path: '/a b' }, { req_headers: ['X-A: a\u0001b'] }, { req_headers: ['X A: 1'] }])
    await assert.rejects(ask(portOf(plain), check), TypeError)
  const { table } = healthForTest()
  const said: string[] = []
  const log = { ...createLogger('silent'), error: (_: object, text: string) => void said.push(text) } as Logger
  const monitor = new HealthMonitor({ table, dns: new DnsCache(), version: () => 1, log })
  const active = { http_path: '/a b', unhealthy: { interval: 0.01, tcp_failures: 1 }, healthy: { interval: 0.01 } }
  const conf = { nodes: { [`127.0.0.1:${portOf(plain)}`]: 1 }, checks: { active } }
  monitor.begin({ key: 'routes/1', owner: 'routes/1', version: 1, conf })
  await until(() => said.length > 0)
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.equal(said.length, 1)
  assert.match(said[0] as string, /cannot be sent as it is written/)
  assert.equal(monitor.reports()[0]?.nodes[0]?.status, 'healthy')
  monitor.close()
})

test('what an outcome counts as: by the statuses of each side, and not at all where the limit is 0', () => {
  const active = HealthRules.active({})
  const outcomes: Outcome[] = [
    { status: 200 },
    { status: 204 },
    { status: 404 },
    { timeout: true },
    { tcpFailure: true },
    {},
  ]
  assert.deepEqual(
    outcomes.map((one) => active.judge(one)),
    ['success', undefined, 'http_failure', 'timeout_failure', 'tcp_failure', 'success'],
  )
  const passive = HealthRules.passive({ unhealthy: { timeouts: 0, http_statuses: [418] } })
  assert.deepEqual(
    [{ status: 204 }, { status: 418 }, { status: 500 }, { timeout: true }].map((one) => passive.judge(one)),
    ['success', 'http_failure', undefined, undefined],
  )
  assert.equal(HealthRules.passive({ type: 'tcp' }).judge({ status: 500 }), 'success')
})

test('what no request could be made of is refused when it is written', () => {
  for (const [node, port] of [
    ['127.0.0.1:x', 'x'],
    ['127.0.0.1:0', '0'],
    ['127.0.0.1:65536', '65536'],
    ['[::1]:', ''],
  ])
    assert.equal(checkUpstream({ nodes: { [node as string]: 1 } }), `invalid port ${port}`)
  assert.equal(checkUpstream({ nodes: { '127.0.0.1': 1, 'a.example:80': 1, '[::1]': 1, '[::1]:80': 1 } }), undefined)
  const refusal = (active: object) => checkUpstream({ checks: { active } })
  assert.equal(
    refusal({ http_path: '/a%20b?c=1', req_headers: ['User-Agent: x', 'X-Empty:'], timeout: 0.5 }),
    undefined,
  )
  for (const http_path of ['', 'status', '/a b', '/ü', '/a\r\nX: y'])
    assert.match(refusal({ http_path }) ?? '', /http_path .* is no path/, JSON.stringify(http_path))
  for (const line of ['User-Agent', ': x', 'User Agent: x', 'X: a\r\nY: b'])
    assert.match(refusal({ req_headers: ['A: b', line] }) ?? '', /req_headers: .* is no header/, JSON.stringify(line))
  assert.match(refusal({ timeout: 0 }) ?? '', /timeout is 0/)
  assert.match(refusal({ concurrency: 0 }) ?? '', /concurrency is 0/)
})
