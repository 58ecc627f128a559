// The example of gzip's page, and its attributes as the page says them.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/index.html', upstream, plugins: { gzip: conf } },
]
const ZIPPED = { 'content-encoding': 'gzip' }
const PLAIN = { 'content-encoding': undefined }
const takes = { headers: { 'Accept-Encoding': 'gzip' } }
const html = (size: number, more = ''): string =>
  `/index.html?type=text/html&size=${size}&header=Content-Length:${size}${more}`

story(
  'a page is compressed for a client that takes it',
  [route({ buffers: { number: 8 } })],
  [
    { get: html(100), ...takes, status: 200, fields: { ...ZIPPED, vary: undefined }, body: 'a'.repeat(100) },
    { get: html(100, '&status=404'), ...takes, status: 404, fields: ZIPPED },
    { get: html(100), status: 200, fields: PLAIN },
    { get: html(19), ...takes, status: 200, fields: PLAIN },
    { get: '/index.html?type=text/plain&size=100', ...takes, status: 200, fields: PLAIN },
  ],
)

story(
  'other types, sizes, a Vary',
  [route({ types: ['text/plain'], min_length: 50, vary: true })],
  [
    {
      get: '/index.html?type=text/plain&size=100',
      ...takes,
      status: 200,
      fields: { ...ZIPPED, vary: /Accept-Encoding/ },
    },
    { get: '/index.html?type=text/plain&size=49&header=Content-Length:49', ...takes, status: 200, fields: PLAIN },
  ],
)

story(
  'every type',
  [route({ types: '*', comp_level: 9 })],
  [{ get: '/index.html?type=image/x-any&size=100', ...takes, status: 200, fields: ZIPPED }],
)

story('levels, versions and sizes have bounds', [], async (at) => {
  await at.refuses(...route({ comp_level: 10 }), /comp_level/)
  await at.refuses(...route({ http_version: 2 }), /http_version/)
  await at.refuses(...route({ min_length: 0 }), /min_length/)
  await at.refuses(...route({ buffers: { number: 0 } }), /buffers/)
})
