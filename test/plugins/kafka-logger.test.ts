import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { after, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { makeCertificate } from '../gateway/listening.ts'
import { needs } from '../needs.ts'
import { refusal, startBench } from './harness.ts'
import { startCluster } from './logging/kafka-cluster.ts'
import { arrived } from './logging/receiver.ts'

const bench = await startBench()

test('a message for each batch, with its key; larger batches in parts', needs('kcat'), async () => {
  const { port, messages } = await startCluster('logs')
  const conf = { brokers: [{ host: '127.0.0.1', port }], kafka_topic: 'logs', key: 'k', timeout: 10 }
  const [first, second, third] = [1, 2, 3].map((i) => `{"u":"/${i}","route_id":"a"}`)
  const send = async (more: object): Promise<void> => {
    bench.route({ 'kafka-logger': { ...conf, batch_max_size: 3, log_format: { u: '$uri' }, ...more } })
    for (const target of ['/1', '/2', '/3']) await bench.send(target)
  }
  await send({})
  assert.deepEqual(await arrived(messages, 1), [`logs|k|[${first},${second},${third}]`])
  await send({ producer_batch_size: 512 + 2 * (first as string).length + 4 })
  assert.deepEqual((await arrived(messages, 3)).slice(1), [`logs|k|[${first},${second}]`, `logs|k|[${third}]`])
  const list = { broker_list: { '127.0.0.1': port }, kafka_topic: 'logs', producer_type: 'sync', required_acks: -1 }
  bench.route({ 'kafka-logger': { ...list, batch_max_size: 1 } })
  await bench.send('/4')
  const entry = (await arrived(messages, 4))[3]?.replace(/^logs\|\|/, '')
  assert.equal(JSON.parse(entry ?? '').request.uri, '/4')
})

test('the request as HTTP text, whatever log format is set', needs('kcat'), async () => {
  const { port, messages } = await startCluster('origin')
  const conf = { brokers: [{ host: '127.0.0.1', port }], kafka_topic: 'origin', meta_format: 'origin', timeout: 10 }
  bench.put('plugin_metadata/kafka-logger', { log_format: { u: '$uri' } })
  const own = { batch_max_size: 1, include_req_body: true, log_format: { u: '$uri' } }
  bench.route({ 'kafka-logger': { ...conf, ...own } })
  await bench.send('/a?b=1', { method: 'POST', headers: { Host: 'h.example', 'X-A': '1' }, body: 'body\nend' })
  assert.equal(
    (await arrived(messages, 5)).join('\n'),
    'origin||POST /a?b=1 HTTP/1.1\r\nhost: h.example\r\nx-a: 1\r\n\r\nbody\nend',
  )
})

test('texts of requests in a list', needs('kcat'), async () => {
  const { port, messages } = await startCluster('texts')
  const conf = { brokers: [{ host: '127.0.0.1', port }], kafka_topic: 'texts', meta_format: 'origin', timeout: 10 }
  bench.route({ 'kafka-logger': { ...conf, batch_max_size: 2 } })
  for (const target of ['/1', '/2']) await bench.send(target, { headers: { Host: 'h' } })
  const [message = ''] = await arrived(messages)
  const texts = ['/1', '/2'].map((target) => `GET ${target} HTTP/1.1\r\nhost: h\r\n\r\n`)
  assert.deepEqual(JSON.parse(message.replace('texts||', '')), texts)
})

test('brokers over TLS, whose certificates are checked on demand', async () => {
  const server = createTlsServer(makeCertificate('broker.example'))
  const [asked, refused] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  server.on('secureConnection', (socket) => socket.on('error', () => {}).once('data', () => asked.resolve()))
  server.on('tlsClientError', () => refused.resolve())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const conf = { brokers: [{ host: '127.0.0.1', port }], kafka_topic: 'logs', timeout: 1, batch_max_size: 1 }
  bench.route({ 'kafka-logger': { ...conf, tls: {} } })
  await bench.send('/a')
  await asked.promise
  bench.route({ 'kafka-logger': { ...conf, tls: { verify: true } } })
  await bench.send('/a')
  await refused.promise
  bench.put('routes/a', undefined)
})

test('brokers that are away cost no request anything', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const conf = { brokers: [{ host: '127.0.0.1', port }], kafka_topic: 'logs', timeout: 1, batch_max_size: 1 }
  bench.route({ 'kafka-logger': conf })
  for (let i = 0; i < 3; i++) assert.equal((await bench.send('/a')).status, 200)
  bench.put('routes/a', undefined)
})

test('configurations that are refused', () => {
  const brokers = [{ host: 'a', port: 1 }]
  assert.match(refusal('kafka-logger', { brokers }) ?? '', /"kafka_topic" is required/)
  assert.match(refusal('kafka-logger', { kafka_topic: 'a' }) ?? '', /one of the properties "brokers" and "broker_list"/)
  assert.match(refusal('kafka-logger', { kafka_topic: 'a', brokers, required_acks: 0 }) ?? '', /none of the enum/)
  assert.match(
    refusal('kafka-logger', { kafka_topic: 'a', brokers, producer_time_linger: 1 }) ?? '',
    /"producer_time_linger" is not supported: set inactive_timeout/,
  )
  const sasl_config = { user: 'u', password: 'p' }
  const mixed = [
    { host: 'a', port: 1, sasl_config },
    { host: 'b', port: 1 },
  ]
  assert.match(refusal('kafka-logger', { kafka_topic: 'a', brokers: mixed }) ?? '', /different sasl_config/)
})
