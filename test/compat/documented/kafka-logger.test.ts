// docs: plugins/kafka-logger
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needs } from '../../needs.ts'
import { startCluster } from '../../plugins/logging/kafka-cluster.ts'
import { arrived } from '../../plugins/logging/receiver.ts'
import { loggerStories } from './logger-stories.ts'
import { startStories } from './story.ts'

const { skip } = needs('kcat')
if (skip) test('the stories of kafka-logger', { skip })
else await play()

async function play(): Promise<void> {
  const stories = await startStories()
  const { port, messages } = await startCluster('test2')
  const to = { brokers: [{ host: '127.0.0.1', port }], kafka_topic: 'test2', key: 'key1', timeout: 10 }
  const conf = { ...to, meta_format: 'default', batch_max_size: 1 }
  const entries = (): object[] => messages.map((message) => JSON.parse(message.replace('test2|key1|', '')))
  loggerStories(stories, { plugin: 'kafka-logger', conf, entries })

  const route = { uri: '/get', upstream: stories.upstream, plugins: { 'kafka-logger': conf } }
  const format = { log_format: { host: '$host' } }
  stories.story(
    'the request as it came, whatever the format of the plugin metadata',
    [
      ['routes/log', route],
      ['plugin_metadata/kafka-logger', format],
    ],
    async (stage) => {
      messages.length = 0
      await stage.admin('PATCH', 'routes/log', { plugins: { 'kafka-logger': { meta_format: 'origin' } } })
      await stage.send('/get?a=1', { headers: { 'X-A': '1' } })
      const text = (await arrived(messages, 3)).join('\n')
      assert.match(text, /^test2\|key1\|GET \/get\?a=1 HTTP\/1\.1\r\n/)
      assert.match(text, /\r\nx-a: 1\r\n/)
    },
  )
}
