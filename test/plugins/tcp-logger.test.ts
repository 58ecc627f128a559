import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { createServer as createTlsServer, getCACertificates, setDefaultCACertificates } from 'node:tls'
import { makeCertificate } from '../gateway/listening.ts'
import { until } from '../until.ts'
import { refusal, startBench } from './harness.ts'
import { arrived } from './logging/receiver.ts'

const bench = await startBench()

/** Keeps the text of each connection once it has ended. */
function collector(texts: string[]): (socket: Socket) => void {
  return (socket) => {
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('end', () => {
      texts.push(text)
      socket.end()
    })
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  return (server.address() as AddressInfo).port
}

test('one object, a list, a connection for each batch', async () => {
  const texts: string[] = []
  const port = await listen(createServer(collector(texts)))
  const conf = { host: '127.0.0.1', port, log_format: { u: '$uri' } }
  bench.route({ 'tcp-logger': { ...conf, batch_max_size: 1 } })
  await bench.send('/a')
  assert.deepEqual(await arrived(texts), ['{"u":"/a","route_id":"a"}'])
  bench.route({ 'tcp-logger': { ...conf, batch_max_size: 2 } })
  for (const target of ['/b', '/c']) await bench.send(target)
  assert.equal((await arrived(texts, 2))[1], '[{"u":"/b","route_id":"a"},{"u":"/c","route_id":"a"}]')
})

test('a server that comes later gets what was kept', async () => {
  const texts: string[] = []
  const server = createServer(collector(texts))
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  const conf = { host: '127.0.0.1', port, batch_max_size: 1, max_retry_count: 20, log_format: { u: '$uri' } }
  bench.route({ 'tcp-logger': conf })
  assert.equal((await bench.send('/kept')).status, 200)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  assert.deepEqual(await arrived(texts), ['{"u":"/kept","route_id":"a"}'])
})

test('TLS, with the certificate checked', async () => {
  const texts: string[] = []
  const { cert, key } = makeCertificate('logs.example')
  const server = createTlsServer({ cert, key }, collector(texts))
  server.on('tlsClientError', () => {})
  const port = await listen(server)
  const conf = { host: '127.0.0.1', port, tls: true, batch_max_size: 1, log_format: { u: '$uri' } }
  bench.route({ 'tcp-logger': { ...conf, tls_options: 'logs.example' } })
  await bench.send('/not-trusted')
  setDefaultCACertificates([...getCACertificates('default'), cert])
  bench.route({ 'tcp-logger': { ...conf, tls_options: 'other.example' } })
  await bench.send('/wrong-name')
  bench.route({ 'tcp-logger': { ...conf, tls_options: 'logs.example' } })
  await bench.send('/trusted')
  assert.deepEqual(await arrived(texts), ['{"u":"/trusted","route_id":"a"}'])
})

test('configurations that are refused', () => {
  assert.equal(refusal('tcp-logger', { host: 'a' }), 'property "port" is required')
  assert.match(refusal('tcp-logger', { host: 'a', port: -1 }) ?? '', /expected -1 to be at least 0/)
})

test('a server that never closes its side is cut off', async () => {
  let closed = 0
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    // What is written to a connection that the other side has given up is answered with a reset.
    const writing = setInterval(() => socket.write('still here'), 300)
    socket.on('close', () => {
      clearInterval(writing)
      closed++
    })
    socket.resume()
  })
  const port = await listen(server)
  bench.route({ 'tcp-logger': { host: '127.0.0.1', port, timeout: 50, batch_max_size: 1 } })
  await bench.send('/a')
  await until(() => closed > 0, 'the connection is still open')
})
