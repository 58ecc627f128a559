import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { hostname } from 'node:os'
import { after, test } from 'node:test'
import { refusal, startBench } from './harness.ts'
import { arrived } from './logging/receiver.ts'

const bench = await startBench()

/** PRI VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID SP STRUCTURED-DATA SP MSG, RFC 5424 6. */
const MESSAGE =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) - (.*)$/s

function parse(message: string): string {
  const [, priority, time, host, app, , , text] = MESSAGE.exec(message) ?? assert.fail(`not RFC 5424: ${message}`)
  assert.deepEqual([priority, host, app], ['46', hostname(), 'gateward'])
  assert.ok(Math.abs(Date.parse(time as string) - Date.now()) < 60_000)
  return text as string
}

test('messages on a TCP connection that is kept, each with a line feed', async () => {
  const messages: string[] = []
  let connections = 0
  const server = createServer((socket) => {
    connections++
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      const lines = (text + chunk).split('\n')
      text = lines.pop() as string
      messages.push(...lines)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  bench.route({ syslog: { host: '127.0.0.1', port, batch_max_size: 2, log_format: { u: '$uri' } } })
  for (const target of ['/1', '/2']) await bench.send(target)
  await arrived(messages, 2)
  for (const target of ['/3', '/4']) await bench.send(target)
  assert.deepEqual(
    (await arrived(messages, 4)).map(parse),
    [1, 2, 3, 4].map((n) => `{"u":"/${n}","route_id":"a"}`),
  )
  assert.equal(connections, 1)
  bench.put('routes/a', undefined)
})

test('a datagram for each message', async () => {
  const messages: string[] = []
  const socket = createSocket('udp4', (message) => messages.push(message.toString()))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  after(() => socket.close())
  const { port } = socket.address()
  const conf = { host: '127.0.0.1', port, sock_type: 'udp', batch_max_size: 2, log_format: { u: '$uri' } }
  bench.route({ syslog: conf })
  for (const target of ['/1', '/2']) await bench.send(target)
  assert.deepEqual((await arrived(messages, 2)).map(parse), ['{"u":"/1","route_id":"a"}', '{"u":"/2","route_id":"a"}'])
})

test('messages go at once when there are flush_limit characters of them', async () => {
  const messages: string[] = []
  const socket = createSocket('udp4', (message) => messages.push(message.toString()))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  after(() => socket.close())
  const conf = { host: '127.0.0.1', port: socket.address().port, sock_type: 'udp', inactive_timeout: 60 }
  bench.route({ syslog: { ...conf, flush_limit: 200, log_format: { u: '$uri' } } })
  for (const target of ['/1', '/2', '/3']) await bench.send(target)
  await arrived(messages, 2)
})

test('configurations that are refused', () => {
  assert.equal(refusal('syslog', { host: 'a' }), 'property "port" is required')
  assert.match(refusal('syslog', { host: 'a', port: 1, tls: true, sock_type: 'udp' }) ?? '', /use tcp/)
  assert.match(refusal('syslog', { host: 'a', port: 1, pool_size: 4 }) ?? '', /at least 5/)
})
