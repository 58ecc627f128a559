// Connections to upstreams that wait for the next request.
import assert from 'node:assert/strict'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { RequestBody } from '../../../src/gateway/body.ts'
import { Deadlines } from '../../../src/gateway/deadlines.ts'
import { Http1Transport } from '../../../src/gateway/transport/h1.ts'
import type { Destination, ResponseHandler } from '../../../src/gateway/transport/transport.ts'
import { until } from '../../until.ts'
import { makeCertificate } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'

const open: net.Server[] = []
after(() => {
  for (const server of open) server.close()
})

async function listen(server: net.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(server)
  return (server.address() as AddressInfo).port
}

/** Takes what comes, and tells of the end. */
function ends(resolve: () => void, reject: (error: Error) => void): ResponseHandler {
  return {
    connected: () => {},
    informational: () => {},
    head: () => {},
    text: () => true,
    data: () => true,
    keeps: () => false,
    flush: () => {},
    end: resolve,
    upgraded: () => {},
    failed: reject,
  }
}

test('with TLS the oldest go when there are too many, whatever names clients choose', async () => {
  const server = https.createServer(makeCertificate('a.example'), (_, response) => response.end('hi'))
  let connections = 0
  server.on('secureConnection', (socket) => {
    connections++
    socket.on('close', () => connections--)
  })
  const port = await listen(server)
  const deadlines = new Deadlines()
  const transport = new Http1Transport(deadlines, 3)
  const timeouts = { connectMs: 1000, sendMs: 1000, readMs: 1000 }
  const pool = { size: 320, idleMs: 60_000, requests: 1000 }
  const ask = (servername: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const to: Destination = { address: '127.0.0.1', port, key: servername, tls: { servername, verify: false } }
      const request = { method: 'GET', uri: '/', host: 'a', headers: '', upgrade: undefined, saysEmpty: false }
      transport.send(to, { ...request, body: new RequestBody(0) }, timeouts, pool, ends(resolve, reject))
    })
  for (let i = 0; i < 8; i++) await ask(`name-${i}.example`)
  await until(() => connections === 3)
  await ask('name-7.example')
  assert.equal(connections, 3, 'the last ones are still there')
  transport.close()
  deadlines.close()
  server.closeAllConnections()
})

test('a request that the upstream may have done is not sent again when its kept connection ends', async () => {
  const seen: string[] = []
  const server = net.createServer((socket) => {
    let requests = 0
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        seen.push(chunk.toString().split(' ')[0] as string)
        if (requests++ === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        else socket.destroy()
      })
  })
  const port = await listen(server)
  const thread = threadForTest({ 'routes/1': { uri: '/*', upstream: { nodes: { [`127.0.0.1:${port}`]: 1 } } } })
  const ask = async (method: string): Promise<number> => (await thread.inject({ method, target: '/' })).status
  assert.deepEqual([await ask('GET'), await ask('GET')], [200, 200])
  assert.deepEqual([await ask('POST'), seen], [502, ['GET', 'GET', 'GET', 'POST']])
  thread.close()
})

test('what an upstream sends before it was asked is no answer: the request goes to another connection', async () => {
  const sockets: net.Socket[] = []
  const server = net.createServer((socket) => {
    sockets.push(socket)
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'))
  })
  const port = await listen(server)
  const thread = threadForTest({ 'routes/1': { uri: '/*', upstream: { nodes: { [`127.0.0.1:${port}`]: 1 } } } })
  const ask = async (): Promise<string> => (await thread.inject({ method: 'GET', target: '/' })).body.toString()
  assert.equal(await ask(), 'good')
  // From a timer on, the next thing that happens is reading, before what is written in it leaves.
  await new Promise((resolve) => setTimeout(resolve, 5))
  sockets[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')
  assert.equal(await ask(), 'good')
  assert.equal(sockets.length, 2)
  thread.close()
  for (const socket of sockets) socket.destroy()
})

test('a node whose port is none is out of reach, and nothing worse', async () => {
  const web = http.createServer((_, response) => response.end('hi'))
  const port = await listen(web)
  for (const scheme of ['http', 'grpc']) {
    const nodes = { 'localhost:x': 1 }
    const thread = threadForTest({ 'routes/1': { uri: '/*', upstream: { scheme, nodes } } })
    assert.equal((await thread.inject({ target: '/' })).status, 502)
    thread.put('routes/1', { uri: '/*', upstream: { nodes: { ...nodes, [`localhost:${port}`]: 1 } } })
    assert.equal((await thread.inject({ target: '/' })).status, 200)
    thread.close()
  }
})

test('keepalive_pool: an idle_timeout of 0 is no limit', async () => {
  let connections = 0
  const server = http.createServer((_, response) => response.end('hi')).on('connection', () => connections++)
  const nodes = { [`127.0.0.1:${await listen(server)}`]: 1 }
  const thread = threadForTest()
  const ask = (): Promise<unknown> => thread.inject({ target: '/' })
  const connectionsOf = async (idle_timeout: number): Promise<number> => {
    thread.put('routes/1', { uri: '/*', upstream: { nodes, keepalive_pool: { idle_timeout } } })
    const before = connections
    await ask()
    await new Promise((resolve) => setTimeout(resolve, 100)) // two sweeps and more
    await ask()
    return connections - before
  }
  assert.deepEqual([await connectionsOf(0), await connectionsOf(0.01)], [1, 1])
  thread.close()
  server.closeAllConnections()
})
