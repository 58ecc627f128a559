// The example of brotli's page, and its attributes as the page says them.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => ['routes/1', { uri: '/', upstream, plugins: { brotli: conf } }]
const SQUEEZED = { 'content-encoding': 'br' }
const takes = { headers: { 'Accept-Encoding': 'br' } }

story(
  'a page is compressed for a client that takes it',
  [route({})],
  [
    {
      get: '/?type=text/html&size=100',
      ...takes,
      status: 200,
      fields: { ...SQUEEZED, vary: undefined },
      body: 'a'.repeat(100),
    },
    {
      get: '/?type=text/html&size=100',
      headers: { 'Accept-Encoding': 'gzip' },
      status: 200,
      fields: { 'content-encoding': undefined },
    },
    { get: '/?type=text/plain&size=100', ...takes, status: 200, fields: { 'content-encoding': undefined } },
  ],
)

story(
  'a compressed answer stays as it is',
  [route({ types: '*' })],
  [{ get: '/?header=Content-Encoding:x-own&size=100', ...takes, status: 200, fields: { 'content-encoding': 'x-own' } }],
)

story(
  'every type, a Vary, and settings of the compressor',
  [route({ types: '*', vary: true, mode: 1, lgwin: 22, lgblock: 18, comp_level: 4 })],
  [{ get: '/?type=image/x-any&size=100', ...takes, status: 200, fields: { ...SQUEEZED, vary: /Accept-Encoding/ } }],
)

story('settings have bounds', [], async (at) => {
  await at.refuses(...route({ comp_level: 12 }), /comp_level/)
  await at.refuses(...route({ lgwin: 9 }), /lgwin/)
  await at.refuses(...route({ lgblock: 15 }), /lgblock/)
  await at.refuses(...route({ mode: 3 }), /mode/)
})
