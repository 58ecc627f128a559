// What happens to a request when nodes fail: retries, retry_timeout and the priorities of nodes, as APISIX documents them.
import assert from 'node:assert/strict'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { checkUpstream } from '../../../src/resources/upstream-schema.ts'
import { freePort } from '../../e2e/process.ts'
import { threadForTest } from '../thread-for-test.ts'

const open: net.Server[] = []
/** Requests or connections that a server has had, by its port. */
const seen = new Map<number, number>()
/** Answer with their name; closes connections as they come; never answers; nobody listens. */
let good: number
let other: number
let rude: number
let silent: number
let dead: number

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  return (server.address() as AddressInfo).port
}

function named(): Promise<number> {
  const server: http.Server = http.createServer((_, response) => {
    const { port } = server.address() as AddressInfo
    count(port)
    response.end(String(port))
  })
  return listen(server)
}

function count(port: number): void {
  seen.set(port, (seen.get(port) ?? 0) + 1)
}

before(async () => {
  good = await named()
  other = await named()
  rude = await listen(
    net.createServer((socket) => {
      count(rude)
      socket.on('error', () => {}).once('data', () => socket.destroy())
    }),
  )
  silent = await listen(
    net.createServer((socket) => {
      count(silent)
      socket.on('error', () => {}).resume()
    }),
  )
  dead = await freePort()
})
after(() => {
  for (const server of open) {
    server.close()
    if (server instanceof http.Server) server.closeAllConnections()
  }
})

interface Asked {
  status: number
  body: string
  /** Statuses of the tries. */
  tries: string | undefined
}

/** One request to an upstream of these nodes; the higher a node's priority, the earlier it is tried. */
async function ask(
  nodes: { port: number; priority?: number }[],
  upstream: object = {},
  request: { method?: string; body?: string } = {},
): Promise<Asked> {
  seen.clear()
  const listed = nodes.map(({ port, priority = 0 }) => ({ host: '127.0.0.1', port, priority, weight: 1 }))
  const thread = threadForTest({ 'routes/1': { uri: '/a', upstream: { nodes: listed, ...upstream } } })
  const answer = await thread.inject({ target: '/a', ...request })
  thread.close()
  const body = answer.body.toString()
  return { status: answer.status, body, tries: answer.headers.get('x-apisix-upstream-status') }
}

const inTurn = (...ports: number[]): { port: number; priority: number }[] =>
  ports.map((port, i) => ({ port, priority: -i }))

test('without a word on it, each other node is tried once', async () => {
  assert.equal((await ask(inTurn(dead, rude, good))).body, String(good))
  assert.equal(seen.get(rude), 1)
})

test('retries: as many as said, and none for 0', async () => {
  const none = await ask(inTurn(dead, good), { retries: 0 })
  assert.deepEqual([none.status, none.tries, seen.get(good)], [502, '502', undefined])
  const one = await ask(inTurn(dead, rude, good), { retries: 1 })
  assert.deepEqual([one.status, one.tries, seen.get(good)], [502, '502, 502', undefined])
  const more = await ask(inTurn(dead, rude), { retries: 5 })
  assert.deepEqual([more.status, more.tries], [502, '502, 502'], 'a node is tried once')
})

test('a single node is tried again, as often as said', async () => {
  const again = await ask(inTurn(rude), { retries: 2 })
  assert.deepEqual([again.status, again.tries, seen.get(rude)], [502, '502, 502, 502', 3])
})

test('a response that is none is not asked for again', async () => {
  const wrong = await listen(
    net.createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.end('nonsense\r\n\r\n'))
    }),
  )
  const answer = await ask(inTurn(wrong, good))
  assert.deepEqual([answer.status, seen.get(good)], [502, undefined])
})

test('retry_timeout: no retry begins after it; 0 is no bound', async () => {
  const timeout = { connect: 1, send: 1, read: 0.15 }
  const late = await ask(inTurn(silent, good), { timeout, retry_timeout: 0.05 })
  assert.deepEqual([late.status, late.tries], [502, '504'])
  assert.equal((await ask(inTurn(silent, good), { timeout, retry_timeout: 5 })).body, String(good))
  assert.equal((await ask(inTurn(silent, good), { timeout, retry_timeout: 0 })).body, String(good))
})

test('what may have been done is not done again', async () => {
  const post = { method: 'POST', body: 'x' }
  const lost = await ask(inTurn(rude, good), {}, post)
  assert.deepEqual([lost.status, seen.get(good)], [502, undefined])
  assert.equal((await ask(inTurn(dead, good), {}, post)).body, String(good), 'it never left')
})

test('priority: the lower nodes are for when all higher ones have failed', async () => {
  const nodes = [...inTurn(good), { port: other, priority: -1 }]
  for (let i = 0; i < 4; i++) assert.equal((await ask(nodes)).body, String(good))
  const failing = [{ port: dead }, { port: rude }, { port: other, priority: -1 }]
  assert.equal((await ask(failing)).body, String(other))
  assert.equal(seen.get(rude), 1)
})

/** A thread whose passive checks have found `port` down, a node of an upstream of `nodes`. */
async function withDown(down: number[], nodes: { port: number; priority?: number }[], retries: number) {
  const checks = { passive: { unhealthy: { tcp_failures: 2 } } }
  const listed = nodes.map(({ port, priority = 0 }) => ({ host: '127.0.0.1', port, priority, weight: 1 }))
  const upstream = { nodes: listed, checks, retries }
  const thread = threadForTest({ 'upstreams/1': upstream, 'routes/1': { uri: '/a', upstream_id: '1' } })
  for (let i = 0; i < nodes.length * 2; i++) await thread.inject({ target: '/a' })
  seen.clear()
  for (const port of down) assert.equal(seen.get(port), undefined)
  return thread
}

test('a level whose nodes are all down is passed over, without a try', async () => {
  const thread = await withDown([rude], [{ port: rude }, { port: good, priority: -1 }], 0)
  for (let i = 0; i < 3; i++) assert.equal((await thread.inject({ target: '/a' })).body.toString(), String(good))
  assert.equal(seen.get(rude), undefined)
  thread.close()
})

test('a node that is down is not the way out for a request that has failed on all healthy ones', async () => {
  const thread = await withDown([rude], [{ port: rude }, { port: good, priority: -1 }], 3)
  const healthy = open.find((server) => (server.address() as AddressInfo | null)?.port === good) as http.Server
  healthy.removeAllListeners('request').on('request', (request) => request.socket.destroy())
  const answer = await thread.inject({ target: '/a' })
  assert.deepEqual([answer.status, answer.headers.get('x-apisix-upstream-status')], [502, '502'])
  assert.equal(seen.get(rude), undefined)
  // Its second failure takes it down as well: with none left, all are tried.
  const last = await thread.inject({ target: '/a' })
  assert.equal(last.headers.get('x-apisix-upstream-status'), '502, 502')
  assert.equal(seen.get(rude), 1)
  thread.close()
})

test('an upstream for streams is no upstream for HTTP, unless a plugin says how to speak to it', async () => {
  for (const scheme of ['tcp', 'tls', 'udp', 'kafka']) {
    const refused = await ask([{ port: other }], { scheme })
    assert.equal(refused.status, 500)
    assert.deepEqual(JSON.parse(refused.body), { error_msg: 'the upstream of this route does not speak HTTP' })
    assert.equal(seen.size, 0)
  }
  const upstream = { scheme: 'tcp', nodes: { [`127.0.0.1:${other}`]: 1 } }
  const thread = threadForTest({
    'routes/1': { uri: '/a', upstream, plugins: { 'proxy-rewrite': { scheme: 'http' } } },
  })
  assert.equal((await thread.inject({ target: '/a' })).body.toString(), String(other))
  thread.close()
  assert.match(checkUpstream({ scheme: 'kafka' }) ?? '', /"kafka" is not served here/)
  assert.match(checkUpstream({ type: 'random' }) ?? '', /"random" is no balancer here: use roundrobin/)
})
