// docs: plugins/elasticsearch-logger
import assert from 'node:assert/strict'
import { startReceiver } from '../../plugins/logging/receiver.ts'
import { logged, loggerStories } from './logger-stories.ts'
import { startStories } from './story.ts'

const stories = await startStories()
const receiver = await startReceiver()
const conf = { endpoint_addrs: [receiver.url], field: { index: 'gateway' }, batch_max_size: 1 }
const lines = (): string[] => receiver.received.flatMap(({ body }) => body.trimEnd().split('\n'))
const entries = (): object[] =>
  lines()
    .filter((_, at) => at % 2 === 1)
    .map((line) => JSON.parse(line))
loggerStories(stories, { plugin: 'elasticsearch-logger', conf, entries })

const own = { ...conf, auth: { username: 'elastic', password: 'a' }, headers: { 'X-API-Key': 'key' } }
const route = { uri: '/anything', upstream: stories.upstream, plugins: { 'elasticsearch-logger': own } }
stories.story('bulk requests for the index, with credentials', [['routes/log', route]], async (stage) => {
  receiver.received.length = 0
  await logged(stage, entries, '/anything')
  assert.deepEqual(JSON.parse(lines()[0] ?? ''), { create: { _index: 'gateway' } })
  const { url, headers } = receiver.received[0] ?? {}
  assert.deepEqual([url, headers?.authorization], ['/_bulk', `Basic ${btoa('elastic:a')}`])
  assert.equal(headers?.['x-api-key'], 'key')
})
