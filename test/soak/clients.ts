// The clients of the soak: each kind is a function that makes one small conversation with the gateway and checks what it hears against its
// token. What it may do to the gateway is in its name; a wrong answer is an error, a cut one only where it was asked for.
import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { BIG_BYTES, bigBody } from './upstream.ts'

/** Longer than the gateway takes for a half-close, also on a busy machine. */
const LEAVE_MS = 1500
const WAIT_MS = 60_000

export interface Target {
  host: string
  port: number
  agent: http.Agent
}

type Conversation = (target: Target) => Promise<void>

function open({ host, port }: Target): net.Socket {
  const socket = net.connect({ host, port })
  socket.on('error', () => {})
  return socket
}

function request(target: Target, path: string, token: string, options: http.RequestOptions = {}): http.ClientRequest {
  const { host, port, agent } = target
  return http.request({
    host,
    port,
    agent,
    path: `/soak/${path}`,
    timeout: WAIT_MS,
    ...options,
    headers: { 'X-Token': token, ...options.headers },
  })
}

async function response(sent: http.ClientRequest): Promise<http.IncomingMessage> {
  const [got] = (await once(sent, 'response')) as [http.IncomingMessage]
  return got
}

async function text(got: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of got) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

const expected = (token: string, body: Buffer | string): string =>
  `${token} ${createHash('sha256').update(body).digest('hex')}`

const keepAlive: Conversation = async (target) => {
  const token = randomUUID()
  const got = await response(request(target, 'plain', token).end())
  assert.equal(got.statusCode, 200)
  assert.equal(got.headers['x-token'], token)
  assert.equal(await text(got), expected(token, ''))
}

const uploads: Conversation = async (target) => {
  const token = randomUUID()
  const body = randomBytes(Math.floor(Math.random() * 200_000))
  const chunked = Math.random() < 0.5
  const sent = request(target, 'upload', token, {
    method: 'POST',
    headers: chunked ? {} : { 'Content-Length': body.length },
  })
  sent.write(body.subarray(0, body.length >> 1))
  sent.end(body.subarray(body.length >> 1))
  assert.equal(await text(await response(sent)), expected(token, body))
}

const pipelines: Conversation = async (target) => {
  const tokens = Array.from({ length: 5 }, () => randomUUID())
  const socket = open(target)
  socket.end(tokens.map((token) => `GET /soak/plain HTTP/1.1\r\nHost: a\r\nX-Token: ${token}\r\n\r\n`).join(''))
  let got = ''
  for await (const chunk of socket) got += String(chunk)
  assert.deepEqual(
    [...got.matchAll(/^X-Token: (.*)\r$/gim)].map((match) => match[1]),
    tokens,
  )
}

const leavesInItsBody: Conversation = async (target) => {
  const socket = open(target)
  socket.write(
    `POST /soak/upload HTTP/1.1\r\nHost: a\r\nX-Token: x\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(30_000)}`,
  )
  await sleep(Math.random() * 30)
  if (Math.random() < 0.5) socket.destroy()
  else socket.resetAndDestroy()
}

const leavesInTheResponse: Conversation = async (target) => {
  const socket = open(target)
  socket.write('GET /soak/big HTTP/1.1\r\nHost: a\r\nX-Token: x\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
}

const leavesAStream: Conversation = async (target) => {
  const socket = open(target)
  socket.write('GET /soak/events HTTP/1.1\r\nHost: a\r\nX-Token: x\r\n\r\n')
  await sleep(LEAVE_MS)
  socket.destroy()
}

const readsSlowly: Conversation = async (target) => {
  const token = randomUUID()
  const got = await response(request({ ...target, agent: new http.Agent() }, 'big', token).end())
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of got) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (Math.random() < 0.05) await sleep(10)
  }
  assert.equal(bytes, BIG_BYTES)
  assert.equal(hash.digest('hex'), createHash('sha256').update(bigBody(token)).digest('hex'))
}

const meetsACutResponse: Conversation = async (target) => {
  const token = randomUUID()
  const got = await response(request(target, 'cut', token).end())
  await assert.rejects(text(got), 'a response that was cut off must not look whole')
}

const meetsAReset: Conversation = async (target) => {
  const got = await response(request(target, 'reset', randomUUID()).end())
  assert.equal(got.statusCode, 502)
  got.resume()
}

const isAnsweredEarly: Conversation = async (target) => {
  const token = randomUUID()
  const socket = open(target)
  socket.write(
    `POST /soak/early HTTP/1.1\r\nHost: a\r\nX-Token: ${token}\r\nContent-Length: 50000\r\n\r\n${'x'.repeat(1000)}`,
  )
  const [got] = (await once(socket, 'data')) as [Buffer]
  assert.match(got.toString(), new RegExp(`X-Token: ${token}`, 'i'))
  socket.destroy()
}

const upgrades: Conversation = async (target) => {
  const token = randomUUID()
  const socket = open(target)
  socket.write(
    `GET /soak/ws HTTP/1.1\r\nHost: a\r\nX-Token: ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  )
  const [head] = (await once(socket, 'data')) as [Buffer]
  assert.match(head.toString(), new RegExp(`^HTTP/1.1 101 [\\s\\S]*X-Token: ${token}`, 'i'))
  for (let i = 0; i < 5; i++) {
    const message = randomUUID()
    socket.write(message)
    const [back] = (await once(socket, 'data')) as [Buffer]
    assert.equal(back.toString(), message)
  }
  if (Math.random() < 0.5) socket.end()
  else socket.resetAndDestroy()
}

const speaksHttp2: Conversation = async (target) => {
  const session = http2.connect(`http://${target.host}:${target.port}`)
  session.on('error', () => {})
  await Promise.all(
    Array.from({ length: 6 }, async (_, i) => {
      const token = randomUUID()
      const leaves = i === 5
      const stream = session.request({ ':path': leaves ? '/soak/big' : '/soak/plain', 'x-token': token })
      stream.on('error', () => {})
      const [headers] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      assert.equal(headers['x-token'], token)
      if (leaves) {
        stream.close(http2.constants.NGHTTP2_CANCEL)
        return
      }
      let body = ''
      for await (const chunk of stream) body += String(chunk)
      assert.equal(body, expected(token, ''))
    }),
  )
  session.close()
}

/** Kinds of clients, with how many of each run at once. */
export const CLIENTS: readonly (readonly [conversation: Conversation, atOnce: number, name: string])[] = [
  [keepAlive, 6, 'keep-alive'],
  [uploads, 3, 'uploads'],
  [pipelines, 2, 'pipelines'],
  [leavesInItsBody, 2, 'leave in their body'],
  [leavesInTheResponse, 2, 'leave in the response'],
  [leavesAStream, 4, 'leave a quiet stream'],
  [readsSlowly, 3, 'read slowly'],
  [meetsACutResponse, 2, 'meet a cut response'],
  [meetsAReset, 1, 'meet a reset'],
  [isAnsweredEarly, 1, 'are answered early'],
  [upgrades, 2, 'upgrades'],
  [speaksHttp2, 2, 'HTTP/2'],
]
