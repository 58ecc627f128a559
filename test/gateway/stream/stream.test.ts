// TCP, TLS and UDP through stream routes, over real sockets.
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { Certificates } from '../../../src/gateway/certificates.ts'
import { listenTcp, listenTls } from '../../../src/gateway/stream/listener.ts'
import { listenUdp } from '../../../src/gateway/stream/udp.ts'
import { freePort } from '../../e2e/process.ts'
import { until } from '../../until.ts'
import { makeCertificate } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { streamsForTest } from './streams-for-test.ts'

const thread = threadForTest()
const streams = streamsForTest(thread, 300)
const certificate = makeCertificate('a.example')
const closers: (() => void)[] = []
let tcpPort = 0
let tlsPort = 0
let udpPort = 0
let echo = ''
let secureEcho = ''

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port

/** Answers `name:` and what it got, after the client has ended its side. */
function answerAtEnd(name: string) {
  return (socket: net.Socket): void => {
    let got = ''
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.on('end', () => socket.end(`${name}:${got}`))
  }
}

async function serve(server: net.Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return `127.0.0.1:${portOf(server)}`
}

before(async () => {
  echo = await serve(net.createServer({ allowHalfOpen: true }, answerAtEnd('plain')))
  secureEcho = await serve(tls.createServer({ ...certificate, allowHalfOpen: true }, answerAtEnd('secure')))
  thread.put('ssls/1', { ...certificate, sni: 'a.example' })
  const address = { host: '127.0.0.1', port: 0 }
  const plain = await listenTcp(address, streams)
  const secure = await listenTls(address, streams, new Certificates(thread.config, thread.resolved, streams.log), 5000)
  udpPort = await freePort()
  const udp = await listenUdp({ host: '127.0.0.1', port: udpPort }, streams)
  closers.push(
    () => plain.close(),
    () => secure.close(),
    () => udp.close(),
  )
  tcpPort = portOf(plain)
  tlsPort = portOf(secure)
})
after(() => {
  for (const socket of streams.open) socket.destroy()
  for (const close of closers) close()
  thread.close()
})

/** Sends, ends its side, resolves with everything that came back. */
function talk(socket: net.Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(got))
    socket.end(text)
  })
}

const tcp = (text: string): Promise<string> => talk(net.connect({ port: tcpPort, allowHalfOpen: true }), text)
const secure = (servername: string, text: string): Promise<string> =>
  talk(
    tls.connect({ port: tlsPort, servername, ca: certificate.cert, allowHalfOpen: true } as tls.ConnectionOptions),
    text,
  )

const to = (node: string, more: object = {}): object => ({ upstream: { nodes: { [node]: 1 }, ...more } })

test('a connection goes to the first route that fits by port and addresses, and ends side by side', async () => {
  assert.equal(await tcp('hello'), '')
  thread.put('stream_routes/1', { server_port: 1, ...to('127.0.0.1:1') })
  thread.put('stream_routes/2', { remote_addr: '10.0.0.0/8', ...to('127.0.0.1:1') })
  thread.put('stream_routes/3', {
    server_addr: '127.0.0.1',
    server_port: tcpPort,
    remote_addr: '127.0.0.0/8',
    ...to(echo),
  })
  assert.equal(await tcp('hello'), 'plain:hello')
  const large = 'x'.repeat(3_000_000)
  assert.equal(await tcp(large), `plain:${large}`)
})

test('upstream by id and by service; a node that is down is passed over', async () => {
  const dead = await freePort()
  thread.put('upstreams/u', {
    nodes: [
      { host: '127.0.0.1', port: dead, weight: 100 },
      { host: '127.0.0.1', port: Number(echo.split(':')[1]), weight: 1 },
    ],
  })
  thread.put('stream_routes/3', { server_port: tcpPort, upstream_id: 'u' })
  assert.equal(await tcp('by id'), 'plain:by id')
  thread.put('services/s', { upstream_id: 'u' })
  thread.put('stream_routes/3', { server_port: tcpPort, service_id: 's' })
  assert.equal(await tcp('by service'), 'plain:by service')
})

test('the plugins of a service count for its streams, unless the route has its own; a service that is gone serves nobody', async () => {
  const nobody = { 'ip-restriction': { whitelist: ['10.0.0.1'] } }
  const http = { 'key-auth': {} }
  thread.put('services/s', { plugins: { ...nobody, ...http }, upstream: { nodes: { [echo]: 1 } } })
  thread.put('stream_routes/3', { server_port: tcpPort, service_id: 's' })
  assert.equal(await tcp('hello'), '')
  const everybody = { 'ip-restriction': { blacklist: ['10.0.0.1'] } }
  thread.put('stream_routes/3', { server_port: tcpPort, service_id: 's', plugins: everybody })
  assert.equal(await tcp('hello'), 'plain:hello')
  thread.put('stream_routes/3', { server_port: tcpPort, service_id: 'gone', ...to(echo) })
  assert.equal(await tcp('hello'), '')
})

test('an upstream is told of the client by the PROXY protocol, before TLS too', async () => {
  const headers: string[] = []
  const front = await serve(
    net.createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      socket.once('readable', () => {
        const line = (socket.read() as Buffer).toString('latin1')
        const end = line.indexOf('\r\n') + 2
        headers.push(line.slice(0, end))
        if (end < line.length) socket.unshift(Buffer.from(line.slice(end), 'latin1'))
        const [host = '', port] = secureEcho.split(':')
        const to = net.connect({ host, port: Number(port), allowHalfOpen: true })
        socket.pipe(to.on('error', () => {})).pipe(socket)
      })
    }),
  )
  streams.proxyToUpstream = true
  thread.put('stream_routes/3', { server_port: tcpPort, ...to(front, { scheme: 'tls' }) })
  assert.equal(await tcp('hello'), 'secure:hello')
  streams.proxyToUpstream = false
  assert.match(headers.join(), new RegExp(`^PROXY TCP4 127\\.0\\.0\\.1 127\\.0\\.0\\.1 \\d+ ${tcpPort}\\r\\n$`))
})

test('streams and HTTP share what is known of nodes', async () => {
  const web = http.createServer((_, response) => response.end('web'))
  const live = Number((await serve(web)).split(':')[1])
  const dead = await freePort()
  const nodes = [dead, live].map((port, i) => ({ host: '127.0.0.1', port, weight: 1, priority: -i }))
  const passive = { unhealthy: { tcp_failures: 2 } }
  thread.put('upstreams/shared', { nodes, retries: 0, checks: { passive } })
  thread.put('stream_routes/3', { server_port: tcpPort, upstream_id: 'shared' })
  thread.put('routes/shared', { uri: '/shared', upstream_id: 'shared' })
  assert.equal(await tcp('GET / HTTP/1.0\r\n\r\n'), '', 'the first failure')
  assert.equal((await thread.inject({ target: '/shared' })).status, 502, 'the second failure')
  assert.match(await tcp('GET / HTTP/1.0\r\n\r\n'), /web$/)
  assert.equal((await thread.inject({ target: '/shared' })).body.toString(), 'web')
  web.closeAllConnections()
})

test('a connection that is made ends the count of those that failed', async () => {
  const port = await freePort()
  const passive = { healthy: { successes: 1 }, unhealthy: { tcp_failures: 2 } }
  const spare = { host: '127.0.0.1', port: Number(echo.split(':')[1]), weight: 1, priority: -1 }
  const nodes = [{ host: '127.0.0.1', port, weight: 1 }, spare]
  thread.put('stream_routes/3', { server_port: tcpPort, upstream: { nodes, retries: 0, checks: { passive } } })
  for (let i = 0; i < 3; i++) {
    assert.equal(await tcp('hello'), '')
    const server = net.createServer({ allowHalfOpen: true }, answerAtEnd('back'))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    assert.equal(await tcp('hello'), 'back:hello', 'one failure is not enough')
    await new Promise((resolve) => server.close(resolve))
  }
})

test('TLS ends at the gateway and routes by name; scheme tls begins it anew', async () => {
  thread.put('stream_routes/4', { sni: 'a.example', ...to(secureEcho, { scheme: 'tls' }) })
  assert.equal(await secure('a.example', 'hello'), 'secure:hello')
  assert.equal(await secure('b.example', 'hello'), '')
  thread.put('stream_routes/4', { sni: 'a.example', ...to(secureEcho, { scheme: 'tls', tls: { verify: true } }) })
  assert.equal(await secure('a.example', 'hello'), '', 'the certificate of the upstream is signed by nobody we know')
  thread.put('stream_routes/4', undefined)
})

test('a name that asks for client certificates asks on ports of streams for all: a stream has no path that could be spared', async () => {
  const [own, jack] = [makeCertificate('mutual.example'), makeCertificate('jack')]
  thread.put('ssls/2', { ...own, sni: 'mutual.example', client: { ca: jack.cert, skip_mtls_uri_regex: ['.*'] } })
  thread.put('stream_routes/4', { sni: 'mutual.example', ...to(echo) })
  const options = { port: tlsPort, servername: 'mutual.example', ca: own.cert, allowHalfOpen: true }
  const ask = (client: object): Promise<string> =>
    talk(tls.connect({ ...options, ...client } as tls.ConnectionOptions), 'hello')
  assert.deepEqual([await ask({}), await ask(jack)], ['', 'plain:hello'])
  thread.put('stream_routes/4', undefined)
})

test('retry_timeout: no node is tried after it', async () => {
  const dead = await freePort()
  const last = { host: '127.0.0.1', port: Number(echo.split(':')[1]), weight: 1, priority: -1 }
  const nodes = [{ host: '127.0.0.1', port: dead, weight: 1 }, last]
  thread.put('stream_routes/3', { server_port: tcpPort, upstream: { nodes, retry_timeout: 10 } })
  assert.equal(await tcp('hello'), 'plain:hello')
  thread.put('stream_routes/3', { server_port: tcpPort, upstream: { nodes, retry_timeout: 0.000001 } })
  assert.equal(await tcp('hello'), '')
})

test('plugins: ip-restriction refuses, limit-conn counts open connections', async () => {
  const route = { server_port: tcpPort, ...to(echo) }
  thread.put('stream_routes/3', { ...route, plugins: { 'ip-restriction': { blacklist: ['127.0.0.1'] } } })
  assert.equal(await tcp('hello'), '')
  const limit = { conn: 1, burst: 0, default_conn_delay: 0.1, key: 'remote_addr' }
  thread.put('stream_routes/3', { ...route, plugins: { 'limit-conn': limit } })
  const first = net.connect({ port: tcpPort, allowHalfOpen: true })
  first.write('held')
  const before = streams.open.size
  await until(() => streams.open.size !== before)
  assert.equal(await tcp('second'), '')
  assert.equal(await talk(first, ' and let go'), 'plain:held and let go')
  await until(() => streams.open.size === 0)
  assert.equal(await tcp('third'), 'plain:third')
})

test('a silent connection ends at the read timeout, and those beyond the bound are closed', async () => {
  thread.put('stream_routes/3', { server_port: tcpPort, ...to(echo, { timeout: { connect: 1, send: 1, read: 0.3 } }) })
  const silent = net.connect(tcpPort).resume()
  await once(silent, 'close')
  thread.put('stream_routes/3', { server_port: tcpPort, ...to(echo) })
  const sockets = Array.from({ length: streams.maxConnections }, () => net.connect(tcpPort).on('error', () => {}))
  await until(() => streams.open.size >= streams.maxConnections)
  assert.equal(await tcp('one too many'), '')
  for (const socket of sockets) socket.destroy()
})

test('UDP: answers find back, sessions are bounded and end in silence', async () => {
  const upstream = dgram.createSocket('udp4')
  closers.push(() => upstream.close())
  const peers = new Set<number>()
  upstream.on('message', (message, from) => {
    peers.add(from.port)
    upstream.send(`got ${message}`, from.port, from.address)
  })
  await new Promise<void>((resolve) => upstream.bind(0, '127.0.0.1', resolve))
  thread.put('stream_routes/5', { server_port: udpPort, ...to(`127.0.0.1:${upstream.address().port}`) })
  const clients = [0, 1, 2].map(() => dgram.createSocket('udp4'))
  closers.push(...clients.map((client) => () => client.close()))
  const ask = async (client: dgram.Socket | undefined, text: string): Promise<string> => {
    client?.send(text, udpPort, '127.0.0.1')
    const [answer] = await once(client as dgram.Socket, 'message', { signal: AbortSignal.timeout(5000) })
    return String(answer)
  }
  assert.equal(await ask(clients[0], 'a'), 'got a')
  assert.equal(await ask(clients[0], 'b'), 'got b')
  assert.equal(await ask(clients[1], 'c'), 'got c')
  assert.equal(peers.size, 2)
  // Who has sent nothing since its answer may be nobody: a new client takes its place, not that of the first.
  assert.equal(await ask(clients[2], 'x'), 'got x')
  assert.equal(await ask(clients[0], 'b'), 'got b')
  assert.equal(peers.size, 3, 'the first client has kept its session')
  assert.equal(await ask(clients[1], 'c'), 'got c')
  assert.equal(await ask(clients[1], 'c'), 'got c')
  // The third client's datagrams are lost until one of the others has been silent for long enough.
  let third: string | undefined
  clients[2]?.once('message', (answer) => {
    third = String(answer)
  })
  let sent = 0
  for (; third === undefined && sent < 200; sent++) {
    clients[2]?.send('d', udpPort, '127.0.0.1')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  assert.equal(third, 'got d')
  assert.ok(sent > 1, 'the first datagram was beyond the bound')
})
