// docs: plugins/http-logger
import assert from 'node:assert/strict'
import { arrived, startReceiver } from '../../plugins/logging/receiver.ts'
import { loggerStories } from './logger-stories.ts'
import { startStories } from './story.ts'

const stories = await startStories()
const { story, upstream } = stories
const receiver = await startReceiver()
const uri = `${receiver.url}/log`
const conf = { uri, batch_max_size: 1 }

loggerStories(stories, {
  plugin: 'http-logger',
  conf,
  entries: () => receiver.received.map(({ body }) => JSON.parse(body)),
})

const route = (more: object): object => ({ uri: '/anything', upstream, plugins: { 'http-logger': { uri, ...more } } })

story('a batch is a list of entries', [['routes/log', route({ inactive_timeout: 1 })]], async (stage) => {
  receiver.received.length = 0
  // Two threads have a batch each.
  await stage.send('/anything')
  const [post] = await arrived(receiver.received)
  const entries = JSON.parse(post?.body ?? '') as { route_id: string }[]
  assert.equal(entries[0]?.route_id, 'log')
  assert.equal(post?.headers['content-type'], 'application/json')
})

story(
  'entries on lines of their own; credentials for the server',
  [['routes/log', route({ concat_method: 'new_line', auth_header: 'Bearer x', inactive_timeout: 1 })]],
  async (stage) => {
    receiver.received.length = 0
    for (let i = 0; i < 4; i++) await stage.send('/anything')
    await arrived(receiver.received)
    const lines = receiver.received.flatMap(({ body }) => body.split('\n'))
    for (const line of lines) assert.equal(JSON.parse(line).route_id, 'log')
    assert.equal(receiver.received[0]?.headers.authorization, 'Bearer x')
  },
)
