// docs: stream-proxy
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import net, { type AddressInfo } from 'node:net'
import { after } from 'node:test'
import tls from 'node:tls'
import { freePort } from '../../e2e/process.ts'
import { makeCertificate } from '../../gateway/listening.ts'
import { type Stories, startStories } from './story.ts'

const [tcp, tcp2, secure, udp] = [await freePort(), await freePort(), await freePort(), await freePort()]
const { story }: Stories = await startStories({
  GATEWARD_STREAM_TCP: `127.0.0.1:${tcp},127.0.0.1:${tcp2}`,
  GATEWARD_STREAM_TLS: `127.0.0.1:${secure}`,
  GATEWARD_STREAM_UDP: `127.0.0.1:${udp}`,
})

/** Answers with its name and what it got. */
async function service(name: string): Promise<object> {
  const server = net.createServer((socket) =>
    socket.on('error', () => {}).on('data', (data) => socket.end(`${name}:${data}`)),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  return { type: 'roundrobin', nodes: { [`127.0.0.1:${(server.address() as AddressInfo).port}`]: 1 } }
}
const [a, b] = [await service('a'), await service('b')]

/** What comes back until the other side ends; empty when it only closes. */
function talk(socket: net.Socket): Promise<string> {
  return new Promise((resolve) => {
    let got = ''
    socket.on('error', () => resolve(got))
    socket.on('data', (chunk) => {
      got += chunk
    })
    socket.on('close', () => resolve(got))
    socket.write('hi')
  })
}
const over = (port: number): Promise<string> => talk(net.connect(port, '127.0.0.1'))
const overTls = (servername: string): Promise<string> =>
  talk(tls.connect({ host: '127.0.0.1', port: secure, servername, rejectUnauthorized: false }))

story(
  'by the address of the client',
  [['stream_routes/1', { remote_addr: '127.0.0.1', upstream: a }]],
  async (stage) => {
    assert.equal(await over(tcp), 'a:hi')
    await stage.put('stream_routes/1', { remote_addr: '192.0.2.0/24', upstream: a })
    assert.equal(await over(tcp), '')
  },
)

story(
  'by the address and port of the server',
  [
    ['stream_routes/1', { server_addr: '127.0.0.1', server_port: tcp, upstream: a }],
    ['stream_routes/2', { server_addr: '127.0.0.1', server_port: tcp2, upstream: b }],
  ],
  async () => {
    assert.deepEqual([await over(tcp), await over(tcp2)], ['a:hi', 'b:hi'])
  },
)

story(
  'TLS, by the name that is asked for',
  [
    ['ssls/1', { ...makeCertificate('a.test.com'), snis: ['a.test.com', 'b.test.com'] }],
    ['stream_routes/1', { sni: 'a.test.com', upstream: a }],
    ['stream_routes/2', { upstream: b }],
  ],
  async () => {
    assert.deepEqual([await overTls('a.test.com'), await overTls('b.test.com')], ['a:hi', 'b:hi'])
    assert.equal(await overTls('c.test.com'), '')
  },
)

story(
  'an upstream by its id, a service',
  [
    ['upstreams/1', a],
    ['services/1', { upstream: b }],
    ['stream_routes/1', { server_port: tcp, upstream_id: '1' }],
    ['stream_routes/2', { server_port: tcp2, service_id: '1' }],
  ],
  async () => {
    assert.deepEqual([await over(tcp), await over(tcp2)], ['a:hi', 'b:hi'])
  },
)

const echo = dgram.createSocket('udp4')
echo.on('message', (message, from) => echo.send(`udp:${message}`, from.port, from.address))
await new Promise<void>((resolve) => echo.bind(0, '127.0.0.1', resolve))
after(() => echo.close())
const datagrams = { nodes: { [`127.0.0.1:${echo.address().port}`]: 1 } }

story('datagrams', [['stream_routes/1', { server_port: udp, upstream: datagrams }]], async () => {
  const socket = dgram.createSocket('udp4')
  const answer = new Promise<string>((resolve) => socket.once('message', (message) => resolve(message.toString())))
  socket.send('hi', udp, '127.0.0.1')
  assert.equal(await answer, 'udp:hi')
  socket.close()
})

const limited = { 'ip-restriction': { whitelist: ['192.0.2.0/24'] } }
story('a plugin refuses a connection', [['stream_routes/1', { upstream: a, plugins: limited }]], async () => {
  assert.equal(await over(tcp), '')
})
