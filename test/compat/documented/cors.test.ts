// The examples of cors's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => ['routes/1', { uri: '/hello', upstream, plugins: { cors: conf } }]
const from = (Origin: string): { headers: Record<string, string> } => ({ headers: { Origin } })
const NOTHING = { 'access-control-allow-origin': undefined, 'access-control-allow-methods': undefined }

story(
  'without configuration everything is allowed',
  [route({})],
  [
    {
      get: '/hello',
      status: 200,
      fields: {
        'access-control-allow-origin': '*',
        'access-control-allow-methods': '*',
        'access-control-allow-headers': '*',
        'access-control-max-age': '5',
        'access-control-allow-credentials': undefined,
      },
    },
  ],
)

story(
  'origins, methods, headers and the age of an answer are named',
  [
    route({
      allow_origins: 'http://sub.domain.com,http://sub2.domain.com:8081',
      allow_methods: 'GET,POST',
      allow_headers: 'headr1,headr2',
      expose_headers: 'ex-headr1,ex-headr2',
      max_age: 50,
      allow_credential: true,
    }),
  ],
  [
    {
      get: '/hello',
      ...from('http://sub2.domain.com:8081'),
      status: 200,
      fields: {
        'access-control-allow-origin': 'http://sub2.domain.com:8081',
        'access-control-allow-methods': 'GET,POST',
        'access-control-allow-headers': 'headr1,headr2',
        'access-control-expose-headers': 'ex-headr1,ex-headr2',
        'access-control-max-age': '50',
        'access-control-allow-credentials': 'true',
        vary: /Origin/,
      },
    },
    { get: '/hello', ...from('http://sub3.domain.com'), status: 200, fields: NOTHING },
    {
      get: '/hello',
      method: 'OPTIONS',
      ...from('http://sub.domain.com'),
      status: 200,
      fields: { 'access-control-max-age': '50' },
    },
  ],
)

story(
  'two stars allow all of it together with credentials',
  [
    route({
      allow_origins: '**',
      allow_methods: '**',
      allow_headers: '**',
      expose_headers: '*',
      allow_credential: false,
    }),
  ],
  [
    {
      get: '/hello',
      method: 'OPTIONS',
      headers: { Origin: 'https://a.example', 'Access-Control-Request-Headers': 'x-a,x-b' },
      status: 200,
      fields: {
        'access-control-allow-origin': 'https://a.example',
        'access-control-allow-methods': 'GET,POST,PUT,DELETE,PATCH,HEAD,OPTIONS,CONNECT,TRACE',
        'access-control-allow-headers': 'x-a,x-b',
        'access-control-expose-headers': '*',
      },
    },
  ],
)

story(
  'origins by regular expression',
  [route({ allow_origins_by_regex: ['.*\\.test.com$'] })],
  [
    {
      get: '/hello',
      ...from('http://a.test.com'),
      status: 200,
      fields: { 'access-control-allow-origin': 'http://a.test.com' },
    },
    { get: '/hello', ...from('http://a.test2.com'), status: 200, fields: NOTHING },
  ],
)

story(
  'origins by their names in the metadata',
  [
    [
      'plugin_metadata/cors',
      { allow_origins: { EXAMPLE: 'https://example.com', PARTNERS: 'https://a.com,https://b.com' } },
    ],
    route({ allow_origins: 'https://own.com', allow_origins_by_metadata: ['EXAMPLE'] }),
  ],
  [
    {
      get: '/hello',
      ...from('https://example.com'),
      status: 200,
      fields: { 'access-control-allow-origin': 'https://example.com' },
    },
    {
      get: '/hello',
      ...from('https://own.com'),
      status: 200,
      fields: { 'access-control-allow-origin': 'https://own.com' },
    },
    { get: '/hello', ...from('https://a.com'), status: 200, fields: NOTHING },
  ],
)

story(
  'origins that may read timing',
  [route({ timing_allow_origins: 'https://t.example' })],
  [
    {
      get: '/hello',
      ...from('https://t.example'),
      status: 200,
      fields: { 'timing-allow-origin': 'https://t.example' },
    },
    { get: '/hello', ...from('https://u.example'), status: 200, fields: { 'timing-allow-origin': undefined } },
  ],
)

story('with credentials a star stands for nothing', [], async (stage) => {
  const named = { allow_origins: 'https://a.com', allow_methods: 'GET', allow_headers: 'x', expose_headers: 'y' }
  for (const field of Object.keys(named))
    await stage.refuses(...route({ ...named, [field]: '*', allow_credential: true }), /allow_credential/)
  await stage.put(...route({ ...named, allow_credential: true }))
  await stage.refuses(...route({ allow_origins: 'a.com' }), /allow_origins/)
})
