// docs: plugins/file-logger
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { logged, loggerStories } from './logger-stories.ts'
import { startStories } from './story.ts'

const stories = await startStories()
const { story, upstream, stage } = stories
const linesOf = (file: string): object[] => {
  try {
    const text = readFileSync(join(stage.running.directory, file), 'utf8')
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
const entries = (): object[] => linesOf('logs/file.log')
loggerStories(stories, { plugin: 'file-logger', conf: { path: 'logs/file.log' }, entries })

const route = (conf: object): object => ({ uri: '/hello', upstream, plugins: { 'file-logger': conf } })

story(
  'the path of the plugin metadata, where the route has none',
  [
    ['plugin_metadata/file-logger', { path: 'logs/metadata-file.log', log_format: { uri: '$request_uri' } }],
    ['routes/log', route({})],
  ],
  async () => {
    const entry = await logged(stage, () => linesOf('logs/metadata-file.log'), '/hello')
    assert.deepEqual(entry, { uri: '/hello', route_id: 'log' })
  },
)

const match = [[['arg_name', '==', 'jack']], [['arg_name', '==', 'jill']]]
story('only requests that match', [['routes/log', route({ path: 'logs/match.log', match })]], async () => {
  const found = (): object[] => linesOf('logs/match.log')
  await stage.send('/hello?name=rose')
  const entry = await logged(stage, found, '/hello?name=jack')
  assert.equal(entry.request.uri, '/hello?name=jack')
  await logged(stage, found, '/hello?name=jill')
  assert.equal(found().length, 2)
})
