// The example of client-control's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (max_body_size: number): [string, object] => [
  'routes/1',
  { uri: '/index.html', upstream, plugins: { 'client-control': { max_body_size } } },
]

story(
  'a body larger than the bound is refused',
  [route(1)],
  [
    { get: '/index.html', method: 'POST', send: '123', status: 413, body: /413 Request Entity Too Large/ },
    { get: '/index.html', method: 'POST', send: '1', status: 200, body: { body: '1' } },
  ],
)

story(
  'zero bounds nothing',
  [route(0)],
  [{ get: '/index.html', method: 'POST', send: 'x'.repeat(100_000), status: 200 }],
)

story('a bound is not negative', [], (stage) => stage.refuses(...route(-1), /max_body_size/))
