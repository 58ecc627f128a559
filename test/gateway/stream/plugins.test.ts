// Plugins of stream routes that need more than the connection's addresses: where it goes, and what is logged of it.
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { listenTcp } from '../../../src/gateway/stream/listener.ts'
import { listenUdp } from '../../../src/gateway/stream/udp.ts'
import { createTestAdmin } from '../../admin/admin-for-test.ts'
import { freePort } from '../../e2e/process.ts'
import { arrived } from '../../plugins/logging/receiver.ts'
import { threadForTest } from '../thread-for-test.ts'
import { streamsForTest } from './streams-for-test.ts'

const thread = threadForTest()
const streams = streamsForTest(thread, 200)
const messages: string[] = []
const receiver = dgram.createSocket('udp4', (message) => messages.push(message.toString()))
const closers: (() => void)[] = []
let [tcpPort, udpPort] = [0, 0]
let [one, two] = ['', '']

const portOf = (server: net.Server): number => (server.address() as net.AddressInfo).port

/** Answers its name as often as it is sent something. */
async function answering(name: string): Promise<string> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(name))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  return `127.0.0.1:${portOf(server)}`
}

before(async () => {
  one = await answering('one')
  two = await answering('two')
  const tcp = await listenTcp({ host: '127.0.0.1', port: 0 }, streams)
  tcpPort = portOf(tcp)
  udpPort = await freePort()
  const udp = await listenUdp({ host: '127.0.0.1', port: udpPort }, streams)
  await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve))
  closers.push(
    () => tcp.close(),
    () => udp.close(),
    () => receiver.close(),
  )
})
after(() => {
  for (const socket of streams.open) socket.destroy()
  for (const close of closers) close()
  thread.close()
})

/** What answers a connection; nothing when it is closed. */
function ask(): Promise<string> {
  const socket = net.connect(tcpPort, '127.0.0.1')
  socket.write('hello')
  return new Promise((resolve) => {
    socket.on('error', () => {}) // 'close' follows
    socket.once('data', (answer) => {
      resolve(String(answer))
      socket.destroy()
    })
    socket.once('close', () => resolve(''))
  })
}

const upstream = (node: string): object => ({ upstream: { nodes: { [node]: 1 } } })
const put = (plugins: object, more: object = upstream(one)): void => thread.put('stream_routes/1', { ...more, plugins })
const syslog = (more: object): object => ({
  syslog: { host: '127.0.0.1', port: receiver.address().port, sock_type: 'udp', batch_max_size: 1, ...more },
})
const entry = (message: string | undefined): Record<string, unknown> =>
  JSON.parse((message as string).slice((message as string).indexOf('{')))

test('traffic-split deals connections out by weight, and follows the first rule that holds', async () => {
  const weighted = [{ ...upstream(two), weight: 1 }, { weight: 2 }]
  put({ 'traffic-split': { rules: [{ weighted_upstreams: weighted }] } })
  const answers: string[] = []
  for (let i = 0; i < 6; i++) answers.push(await ask())
  assert.deepEqual(answers.sort(), ['one', 'one', 'one', 'one', 'two', 'two'])
  const rule = (vars: unknown[]): object => ({ match: [{ vars }], weighted_upstreams: [upstream(two)] })
  put({ 'traffic-split': { rules: [rule([['remote_addr', '==', '192.0.2.1']])] } })
  assert.equal(await ask(), 'one')
  const vars = [
    ['remote_addr', 'ipmatch', ['127.0.0.0/8']],
    ['protocol', '==', 'TCP'],
  ]
  put({ 'traffic-split': { rules: [rule(vars)] } })
  assert.equal(await ask(), 'two')
})

test('traffic-split by id serves a route without an upstream; an id that is none closes the connection', async () => {
  const split = (upstream_id: string): object => ({
    'traffic-split': { rules: [{ weighted_upstreams: [{ upstream_id }] }] },
  })
  thread.put('upstreams/two', { nodes: { [two]: 1 } })
  put(split('two'), {})
  assert.equal(await ask(), 'two')
  put(split('gone'), {})
  assert.equal(await ask(), '')
  put({}, {})
  assert.equal(await ask(), '')
})

test('syslog writes an entry for each connection, with or without a format', async () => {
  put(syslog({}))
  assert.equal(await ask(), 'one')
  const { server, start_time, latency, ...said } = entry((await arrived(messages, 1))[0])
  assert.deepEqual(said, {
    protocol: 'TCP',
    request: { size: 5 },
    response: { status: 200, size: 3 },
    upstream: one,
    route_id: '1',
    client_ip: '127.0.0.1',
  })
  assert.ok(Math.abs((start_time as number) - Date.now()) < 60_000 && (latency as number) > 0 && server)
  const log_format = {
    bytes: '$bytes_received/$bytes_sent',
    status: '$status',
    time: '$session_time',
    to: '$upstream_addr',
    from: '$remote_addr',
    port: '$server_port',
  }
  put(syslog({ log_format }), { ...upstream(two), name: 'named' })
  assert.equal(await ask(), 'two')
  const { time, ...formatted } = entry((await arrived(messages, 2))[1])
  assert.match(String(time), /^\d+\.\d{3}$/)
  const place = { to: two, from: '127.0.0.1', port: String(tcpPort), route_id: '1' }
  assert.deepEqual(formatted, { bytes: '5/3', status: 200, ...place })
})

test('the status tells what became of a connection', async () => {
  messages.length = 0
  const format = syslog({ log_format: { status: '$status' } })
  const status = async (): Promise<unknown> => {
    await arrived(messages, 1)
    return entry(messages.pop()).status
  }
  put({ ...format, 'ip-restriction': { blacklist: ['127.0.0.1'] } })
  assert.equal(await ask(), '')
  assert.equal(await status(), 403)
  const dead = `127.0.0.1:${await freePort()}`
  put(format, upstream(dead))
  assert.equal(await ask(), '')
  assert.equal(await status(), 502)
  put(format, {})
  assert.equal(await ask(), '')
  assert.equal(await status(), 503)
})

test('a session of UDP is one entry, with the bytes of its datagrams', async () => {
  messages.length = 0
  const server = dgram.createSocket('udp4')
  server.on('message', (datagram, from) => server.send(`got ${datagram}`, from.port, from.address))
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  closers.push(() => server.close())
  put(
    syslog({ log_format: { protocol: '$protocol', status: '$status', bytes: '$bytes_received/$bytes_sent' } }),
    upstream(`127.0.0.1:${server.address().port}`),
  )
  const client = dgram.createSocket('udp4')
  closers.push(() => client.close())
  for (const text of ['a', 'bc']) {
    client.send(text, udpPort, '127.0.0.1')
    await once(client, 'message')
  }
  const said = entry((await arrived(messages, 1))[0])
  assert.deepEqual(said, { protocol: 'UDP', status: 200, bytes: '3/11', route_id: '1' })
})

test('what a stream has no use for is refused where it is written', async () => {
  const admin = await createTestAdmin()
  const write = async (plugins: object) =>
    (await admin.call('PUT', '/stream_routes/1', { plugins, ...upstream(one) })).body
  assert.match(
    String((await write(syslog({ include_req_body: true }))).error_msg),
    /syslog\]: property "include_req_body" is not for stream routes/,
  )
  const refused = await write({ 'proxy-rewrite': {} })
  assert.equal(refused.error_msg, 'unknown plugin [proxy-rewrite]')
  assert.match(JSON.stringify(refused.errors), /a plugin for streams, which have no requests: ip-restriction/)
  assert.equal((await write(syslog({}))).error_msg, undefined)
  await admin.close()
})
