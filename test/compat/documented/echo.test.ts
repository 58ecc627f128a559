// What the page of echo in APISIX's documentation shows.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => ['routes/r', { uri: '/*', upstream, plugins: { echo: conf } }]

story(
  'text before the body',
  [route({ before_body: 'before the body ' })],
  [{ get: '/hello?body=hello', status: 200, body: 'before the body hello' }],
)

story(
  'text around another body, and headers',
  [route({ before_body: 'a', body: 'b', after_body: 'c', headers: { 'X-Echo': 'yes' } })],
  [{ get: '/hello', status: 200, body: 'abc', fields: { 'x-echo': 'yes' } }],
)

story('one of the three texts is needed', [], async ({ refuses }) => {
  await refuses('routes/r', { uri: '/a', plugins: { echo: { headers: { a: 'b' } } } }, /before_body/)
})
