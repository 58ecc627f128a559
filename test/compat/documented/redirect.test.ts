// What the page of redirect in APISIX's documentation shows.
import { startStories } from './story.ts'

const { story, upstream, stage } = await startStories()
const httpsPort = stage.running.env.GATEWARD_GATEWAY_HTTPS?.split(':').at(-1)
const route = (conf: object): [string, object] => ['routes/r', { uri: '/*', upstream, plugins: { redirect: conf } }]

story(
  'to a fixed address, with a status',
  [route({ uri: '/test/default.html', ret_code: 301 })],
  [{ get: '/test/index.html', status: 301, fields: { location: '/test/default.html', 'content-type': 'text/html' } }],
)

story(
  'variables, those that are not there empty; 302 when no status is named',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable in APISIX's words
  [route({ uri: '$uri/${arg_none}index.html' })],
  [{ get: '/test', status: 302, fields: { location: '/test/index.html' } }],
)

story(
  'to another site',
  [route({ uri: 'https://o.example/foo/bar' })],
  [{ get: '/test', status: 302, fields: { location: 'https://o.example/foo/bar' } }],
)

story(
  'by a pattern; what does not match goes to the upstream',
  [route({ regex_uri: ['^/i/(.*)/(.*)/(.*)', '/$1-$2-$3'] })],
  [
    { get: '/i/a/b/c', status: 302, fields: { location: '/a-b-c' } },
    { get: '/other', status: 200, url: '/other' },
  ],
)

story(
  'from http to the port of https, with the query',
  [route({ http_to_https: true })],
  [
    {
      get: '/hello?a=1',
      headers: { Host: 'own.example' },
      status: 301,
      fields: { location: `https://own.example:${httpsPort}/hello?a=1` },
    },
    { get: '/hello', method: 'POST', status: 308 },
  ],
)

story(
  'encoded as RFC 3986 has it, and with the query of the request',
  [route({ uri: '/new$uri?z=0', encode_uri: true, append_query_string: true })],
  [
    { get: '/a%20b?x=1&y', status: 302, fields: { location: '/new/a%20b?z=0&x=1&y' } },
    { get: '/a', status: 302, fields: { location: '/new/a?z=0' } },
  ],
)

story('one of the three, and not all together', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{ uri: '/a', regex_uri: ['a', 'b'] }, /match/],
    [{ uri: '/a', http_to_https: true }, /match/],
    [{ http_to_https: true, append_query_string: true }, /only one of/],
    [{ regex_uri: ['a', 'b', 'c', 'd'] }, /regex_uri/],
    [{ uri: '/a', ret_code: 100 }, /ret_code/],
    [{}, /redirect/],
  ] as const)
    await refuses('routes/r', { uri: '/a', plugins: { redirect: conf } }, message)
})
