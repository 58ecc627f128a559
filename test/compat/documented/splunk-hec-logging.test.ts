// docs: plugins/splunk-hec-logging
import assert from 'node:assert/strict'
import { startReceiver } from '../../plugins/logging/receiver.ts'
import { logged, loggerStories } from './logger-stories.ts'
import { startStories } from './story.ts'

interface Event {
  time: number
  source: string
  sourcetype: string
  event: object
}

const stories = await startStories()
const receiver = await startReceiver()
const endpoint = { uri: `${receiver.url}/services/collector`, token: 'BD27', channel: 'FE0E', timeout: 60 }
const conf = { endpoint, buffer_duration: 60, max_retry_count: 0, retry_delay: 1, inactive_timeout: 2 }
const events = (): Event[] => receiver.received.flatMap(({ body }) => JSON.parse(body) as Event[])
const entries = (): object[] => events().map(({ event }) => event)
loggerStories(stories, {
  plugin: 'splunk-hec-logging',
  conf: { ...conf, batch_max_size: 1 },
  entries,
  bodies: false,
  defaultEntry: (node) => ({
    request_method: 'GET',
    request_query: {},
    request_headers: {},
    response_status: 200,
    response_headers: { 'content-type': 'application/json' },
    upstream: node,
  }),
})

const route = {
  uri: '/splunk.do',
  upstream: stories.upstream,
  plugins: { 'splunk-hec-logging': { endpoint, inactive_timeout: 1 } },
}
stories.story('events with their source and time, token and channel', [['routes/log', route]], async (stage) => {
  receiver.received.length = 0
  await logged(stage, entries, '/splunk.do?q=hello')
  const [event] = events()
  assert.deepEqual([event?.source, event?.sourcetype], ['apache-apisix-splunk-hec-logging', '_json'])
  assert.ok(Math.abs((event?.time ?? 0) * 1000 - Date.now()) < 60_000)
  const { headers } = receiver.received[0] ?? {}
  assert.deepEqual([headers?.authorization, headers?.['x-splunk-request-channel']], ['Splunk BD27', 'FE0E'])
})
