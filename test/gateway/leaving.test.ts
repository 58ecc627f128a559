// Clients that leave while their request is under way, or only say that they will send no more: what they get, what the log says, and
// whether the upstream goes on working for nobody.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { after, before, describe, mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from '../../src/gateway/exchange.ts'
import { until } from '../until.ts'
import { type Listening, listenForTest } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

/** Longer than a client may take to half-close, once its request is under way. */
const LATER_MS = 1150
const SLOW_MS = 150

const thread = threadForTest()
const finished = new Map<string, number>()
/** Paths that the upstream has been asked for. */
const asked = new Set<string>()
/** Resolves when the upstream sees its request for a path go away. */
const aborted = new Map<string, () => void>()
let upstream: http.Server
let listening: Listening

before(async () => {
  upstream = http.createServer((request, response) => {
    const { url = '' } = request
    asked.add(url)
    response.on('close', () => {
      if (!response.writableEnded) aborted.get(url)?.()
    })
    request.on('error', () => {})
    request.resume()
    if (url.startsWith('/slow')) setTimeout(() => response.end('slow answer'), SLOW_MS)
    else if (url.startsWith('/events')) response.writeHead(200).write('event')
    else if (!url.startsWith('/never')) response.end('answer')
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  thread.put('routes/1', { uri: '/*', upstream: { nodes } })
  const finish = thread.pipeline.finish.bind(thread.pipeline)
  mock.method(thread.pipeline, 'finish', (ctx: Exchange) => {
    if (!ctx.finished) finished.set(ctx.request.target, ctx.response.status)
    finish(ctx)
  })
  listening = await listenForTest(thread)
})
after(() => {
  upstream.close()
  upstream.closeAllConnections()
  listening.close()
  thread.close()
})

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

function connect(text: string): { socket: net.Socket; got: () => string } {
  const socket = net.connect({ port: listening.port, host: '127.0.0.1', allowHalfOpen: true })
  let got = ''
  socket.on('data', (chunk) => {
    got += chunk
  })
  socket.on('error', () => {})
  socket.write(text)
  return { socket, got: () => got }
}

function untilAborted(path: string): Promise<void> {
  return new Promise((resolve) => aborted.set(path, resolve))
}

async function untilLogged(path: string): Promise<number> {
  await until(() => finished.has(path))
  return finished.get(path) as number
}

describe('clients that leave', { concurrency: true }, () => {
  test('a half-close right behind the request is legal: the answer comes', async () => {
    const { socket, got } = connect(get('/slow/1'))
    socket.end()
    await once(socket, 'end')
    assert.match(got(), /200 OK[\s\S]*Connection: close[\s\S]*slow answer/)
    assert.equal(await untilLogged('/slow/1'), 200)
  })

  test('pipelined requests before a half-close are all answered, an unfinished one is not', async () => {
    const { socket, got } = connect(get('/slow/2') + get('/slow/3') + get('/x') + get('/y').slice(0, 12))
    socket.end()
    await once(socket, 'end')
    assert.equal(got().match(/200 OK/g)?.length, 3)
    assert.match(got(), /slow answer[\s\S]*slow answer[\s\S]*answer/)
  })

  test('an unfinished body behind a pipelined request is 400 after a half-close', async () => {
    const { socket, got } = connect(`${get('/slow/4')}POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc`)
    socket.end()
    await once(socket, 'end')
    assert.match(got(), /200 OK[\s\S]*slow answer[\s\S]*400 Bad Request/)
  })

  test('a close while the upstream works: the upstream is let go, the log says 499', async () => {
    const gone = untilAborted('/never/1')
    const { socket, got } = connect(get('/never/1'))
    await until(() => asked.has('/never/1'))
    await sleep(LATER_MS)
    socket.end()
    await gone
    assert.equal(await untilLogged('/never/1'), 499)
    assert.equal(got(), '')
  })

  test('a reset at any time is 499', async () => {
    const gone = untilAborted('/never/2')
    const { socket } = connect(get('/never/2'))
    await until(() => asked.has('/never/2'))
    socket.resetAndDestroy()
    await gone
    assert.equal(await untilLogged('/never/2'), 499)
  })

  test('a close while a quiet stream is open ends the stream', async () => {
    const gone = untilAborted('/events/1')
    const { socket, got } = connect(get('/events/1'))
    await until(() => asked.has('/events/1'))
    await sleep(LATER_MS)
    socket.end()
    await gone
    assert.match(got(), /event/)
    assert.equal(await untilLogged('/events/1'), 200)
  })

  test('an end in the middle of a body is 400, a reset is 499, and the upstream is let go', async () => {
    const head = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc`
    const goneFirst = untilAborted('/never/3')
    const first = connect(head('/never/3'))
    await until(() => asked.has('/never/3'))
    first.socket.end()
    await goneFirst
    await once(first.socket, 'end')
    assert.match(first.got(), /400 Bad Request/)
    const goneSecond = untilAborted('/never/4')
    const second = connect(head('/never/4'))
    await until(() => asked.has('/never/4'))
    second.socket.resetAndDestroy()
    await goneSecond
    assert.equal(await untilLogged('/never/4'), 499)
  })
})
