// Frames at random, most of them wrong, from a fixed seed: no sequence may end the thread, hang it, or leave a connection behind.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { until } from '../../until.ts'
import { type Listening, listenForTest } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { ask, connect } from './client.ts'

const SEQUENCES = 400
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const HEADS = ['828684010161', '838684010161', '8286840101617f', '82868401016140016101', 'ff', '3fe11f', '8286'].map(
  (hex) => Buffer.from(hex, 'hex'),
)

const thread = threadForTest()
let upstream: http.Server
let listening: Listening

before(async () => {
  upstream = http.createServer((request, response) => request.pipe(response))
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/1', { uri: '/*', upstream: { nodes } })
  listening = await listenForTest(thread, {
    limits: { headTimeoutMs: 200, keepaliveTimeoutMs: 200, bodyTimeoutMs: 200 },
  })
})
after(() => {
  upstream.close()
  upstream.closeAllConnections()
  listening.close()
  thread.close()
})

/** Mulberry32. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

function randomFrame(pick: (below: number) => number): Buffer {
  const type = pick(12)
  const payload = pick(3)
    ? (HEADS[pick(HEADS.length)] as Buffer)
    : Buffer.from(Array.from({ length: [0, 4, 5, 6, 8, pick(100)][pick(6)] as number }, () => pick(256)))
  const head = Buffer.alloc(9)
  head.writeUIntBE(pick(20) ? payload.length : pick(20_000), 0, 3)
  head[3] = type
  head[4] = pick(4) ? ([0, 1, 4, 5][pick(4)] as number) : pick(256)
  head.writeUInt32BE(pick(10) ? pick(8) : pick(2 ** 31), 5)
  return Buffer.concat([head, payload])
}

async function play(pick: (below: number) => number): Promise<void> {
  const socket = net.connect(listening.port, '127.0.0.1')
  socket.on('error', () => {}) // reset by the gateway
  socket.resume()
  const settings = pick(8) ? [Buffer.from('000000040000000000', 'hex')] : []
  const frames = Array.from({ length: 1 + pick(30) }, () => randomFrame(pick))
  const bytes = Buffer.concat([PREFACE, ...settings, ...frames])
  const cut = pick(bytes.length)
  socket.write(bytes.subarray(0, cut))
  await new Promise((resolve) => setImmediate(resolve))
  const closed = once(socket, 'close')
  if (pick(4)) socket.end(bytes.subarray(cut))
  else socket.resetAndDestroy()
  await closed
}

test('random frames', async () => {
  const pick = random(20_231_010)
  for (let i = 0; i < SEQUENCES; i += 20) await Promise.all(Array.from({ length: 20 }, () => play(pick)))
  const session = connect(`http://127.0.0.1:${listening.port}`)
  assert.equal((await ask(session, { ':path': '/', ':method': 'POST' }, 'still here')).body, 'still here')
  session.destroy()
  await until(() => listening.server.connections.size === 0, 'no connection is left')
})

test('an upstream that sends random frames is a failure of its requests, no more', async () => {
  const pick = random(20_231_011)
  const hostile = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.write('000000040000000000', 'hex')
    socket.on('data', () => {
      socket.write(Buffer.concat(Array.from({ length: pick(6) }, () => randomFrame(pick))))
      if (!pick(5)) socket.destroy()
    })
  })
  await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
  const node = `127.0.0.1:${(hostile.address() as AddressInfo).port}`
  const timeout = { connect: 0.2, send: 0.2, read: 0.2 }
  thread.put('routes/hostile', { uri: '/hostile', upstream: { scheme: 'grpc', nodes: { [node]: 1 }, timeout } })
  const statuses = new Set<number>()
  for (let i = 0; i < 200; i += 20) {
    const request = { target: '/hostile', method: 'POST', body: 'x' }
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => thread.inject(request)))
    for (const outcome of outcomes) statuses.add(outcome.status === 'fulfilled' ? outcome.value.status : 0)
  }
  assert.ok(statuses.has(502), `statuses ${[...statuses]}`)
  thread.put('routes/hostile', { uri: '/hostile', upstream: { scheme: 'grpc', nodes: { '127.0.0.1:1': 1 } } })
  assert.equal((await thread.inject({ target: '/hostile' })).status, 502)
  hostile.close()
})
