// docs: plugins/loki-logger
import assert from 'node:assert/strict'
import { startReceiver } from '../../plugins/logging/receiver.ts'
import { logged, loggerStories } from './logger-stories.ts'
import { startStories } from './story.ts'

interface Push {
  streams: { stream: Record<string, string>; values: [time: string, line: string][] }[]
}

const stories = await startStories()
const receiver = await startReceiver()
const conf = { endpoint_addrs: [receiver.url], batch_max_size: 1 }
const pushes = (): Push[] => receiver.received.map(({ body }) => JSON.parse(body))
const entries = (): object[] =>
  pushes().flatMap(({ streams }) => streams.flatMap(({ values }) => values.map(([, line]) => JSON.parse(line))))
loggerStories(stories, { plugin: 'loki-logger', conf, entries })

const own = {
  ...conf,
  log_labels: { origin: '$remote_addr', kind: 'fixed' },
  tenant_id: 't',
  headers: { 'X-Own': 'a' },
}
const route = { uri: '/anything', upstream: stories.upstream, plugins: { 'loki-logger': own } }
stories.story('labels with variables, a tenant, further headers', [['routes/log', route]], async (stage) => {
  receiver.received.length = 0
  const before = Date.now()
  await logged(stage, entries, '/anything')
  const [stream] = pushes()[0]?.streams ?? []
  assert.deepEqual(stream?.stream, { origin: '127.0.0.1', kind: 'fixed' })
  assert.ok(Number(stream?.values[0]?.[0]) / 1e6 >= before - 1000)
  const { headers, url } = receiver.received[0] ?? {}
  assert.deepEqual([url, headers?.['x-scope-orgid'], headers?.['x-own']], ['/loki/api/v1/push', 't', 'a'])
})
