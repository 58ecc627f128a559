// The PROXY protocol: what is understood, what is refused, and whose word counts.
import assert from 'node:assert/strict'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { Certificates } from '../../src/gateway/certificates.ts'
import { listenHttp, listenHttps } from '../../src/gateway/listener.ts'
import { parseProxyHeader } from '../../src/gateway/proxy-protocol.ts'
import { CidrSet } from '../../src/lib/cidr.ts'
import { createLogger } from '../../src/lib/log.ts'
import { listenForTest, makeCertificate } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

const parse = (text: string) => parseProxyHeader(Buffer.from(text, 'latin1'))
const V2 = '\r\n\r\n\0\r\nQUIT\n'
const FOUR = '\x21\x11\0\x0c\x0a\x01\x02\x03\x7f\0\0\x01\x04\0\0\x50'
const SIX = `\x21\x21\0\x24\x20\x01\x0d\xb8${'\0'.repeat(11)}\x01${'\0'.repeat(15)}\x01\x04\0\0\x50`

test('both versions are read, with what follows left alone', () => {
  const client = { address: '10.1.2.3', port: 1024 }
  assert.deepEqual(parse('PROXY TCP4 10.1.2.3 127.0.0.1 1024 80\r\nGET'), { value: client, taken: 39 })
  assert.deepEqual(parse('PROXY TCP6 2001:db8::1 ::1 5 80\r\n'), {
    value: { address: '2001:db8::1', port: 5 },
    taken: 33,
  })
  assert.deepEqual(parse('PROXY UNKNOWN ff:: ff:: 1 2\r\n'), { value: undefined, taken: 29 })
  assert.deepEqual(parse(`${V2 + FOUR}GET`), { value: client, taken: 28 })
  assert.deepEqual(parse(V2 + SIX), { value: { address: '2001:db8::1', port: 1024 }, taken: 52 })
  assert.deepEqual(parse(`${V2}\x20\0\0\0`), { value: undefined, taken: 16 }, 'LOCAL: a check of the balancer itself')
  assert.deepEqual(parse(`${V2}\x21\x31\0\x01x`), { value: undefined, taken: 17 }, 'a UNIX socket')
})

test('a header in pieces is incomplete until its last byte', () => {
  for (const whole of ['PROXY TCP4 10.1.2.3 127.0.0.1 1024 80\r\n', V2 + FOUR, V2 + SIX]) {
    for (let i = 0; i < whole.length; i++) assert.equal(parse(whole.slice(0, i)), 'incomplete')
    assert.notEqual(typeof parse(whole), 'string')
  }
})

test('whatever is not exactly a header is malformed', () => {
  const bad = [
    'GET / HTTP/1.1\r\n',
    'proxy TCP4 10.1.2.3 127.0.0.1 1 2\r\n',
    'PROXY TCP4 10.1.2.3 127.0.0.1 1\r\n',
    'PROXY TCP4 10.1.2.3 127.0.0.1 1 2 3\r\n',
    'PROXY TCP4  10.1.2.3 127.0.0.1 1 2\r\n',
    'PROXY TCP4 010.1.2.3 127.0.0.1 1 2\r\n',
    'PROXY TCP4 ::1 127.0.0.1 1 2\r\n',
    'PROXY TCP6 10.1.2.3 ::1 1 2\r\n',
    'PROXY TCP4 10.1.2.3 127.0.0.1 65536 2\r\n',
    'PROXY TCP4 10.1.2.3 127.0.0.1 01 2\r\n',
    'PROXY TCP4 10.1.2.3 127.0.0.1 -1 2\r\n',
    'PROXY UDP4 10.1.2.3 127.0.0.1 1 2\r\n',
    'PROXY TCP4 10.1.2.3 127.0.0.1 1 2\n\r\n',
    `PROXY UNKNOWN ${'x'.repeat(100)}\r\n`,
    `${V2}\x11\x11\0\x0c${'\0'.repeat(12)}`,
    `${V2}\x22\x11\0\x0c${'\0'.repeat(12)}`,
    `${V2}\x21\x11\0\x0b${'\0'.repeat(11)}`,
    `${V2}\x21\x11\xff\xff`,
  ]
  for (const header of bad) assert.equal(parse(header), 'malformed', JSON.stringify(header))
})

const certificate = makeCertificate('a.example')
const thread = threadForTest({
  'ssls/1': { ...certificate, sni: 'a.example' },
  'routes/1': {
    uri: '/*',
    plugins: {
      mocking: { response_example: '$proxy_protocol_addr:$proxy_protocol_port is $remote_addr:$remote_port' },
    },
  },
})
const ports: number[] = []
const closers: (() => void)[] = []

before(async () => {
  const listening = await listenForTest(thread)
  const address = { host: '127.0.0.1', port: 0 }
  const certificates = new Certificates(thread.config, thread.resolved, createLogger('silent'))
  const believed = { trusted: CidrSet.from(['127.0.0.1']), timeoutMs: 300 }
  const servers = [
    await listenHttp(address, listening.server, believed),
    await listenHttp(address, listening.server, { ...believed, trusted: CidrSet.from([]) }),
    await listenHttps(address, listening.server, certificates, Buffer.alloc(48), believed),
  ]
  ports.push(...servers.map((server) => (server.address() as AddressInfo).port))
  closers.push(listening.close, ...servers.map((server) => () => server.close()))
})
after(() => {
  for (const close of closers) close()
  thread.close()
})

const REQUEST = 'GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const HEADER = 'PROXY TCP4 10.1.2.3 127.0.0.1 1024 80\r\n'

/** Everything that came back. */
async function read(socket: net.Socket): Promise<string> {
  let got = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    got += chunk
  })
  await new Promise((resolve) => socket.once('close', resolve))
  return got
}

test('the address of a trusted balancer is the client’s, that of others is not', async () => {
  const talk = (port: number | undefined, text: string): Promise<string> => {
    const socket = net.connect(port as number, '127.0.0.1')
    socket.write(text, 'latin1')
    return read(socket)
  }
  assert.match(await talk(ports[0], HEADER + REQUEST), /10\.1\.2\.3:1024 is 10\.1\.2\.3:1024$/)
  assert.match(await talk(ports[0], V2 + FOUR + REQUEST), /10\.1\.2\.3:1024$/)
  assert.match(await talk(ports[1], HEADER + REQUEST), /10\.1\.2\.3:1024 is 127\.0\.0\.1:\d+$/)
  assert.equal(await talk(ports[0], REQUEST), '')
  assert.equal(await talk(ports[0], 'PROXY TCP4'), '', 'a header that does not come to its end in time')
})

test('TLS begins behind the header', async () => {
  const raw = net.connect(ports[2] as number, '127.0.0.1')
  raw.write(HEADER)
  const secure = tls.connect({ socket: raw, servername: 'a.example', ca: certificate.cert })
  secure.write(REQUEST)
  assert.match(await read(secure), /10\.1\.2\.3:1024$/)
})
