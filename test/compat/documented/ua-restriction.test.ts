// The examples of ua-restriction's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/index.html', upstream, plugins: { 'ua-restriction': conf } },
]
const as = (agent: string): { headers: Record<string, string> } => ({ headers: { 'User-Agent': agent } })
const DENIED = ['my-bot2', '(Twitterspider)/(\\d+)\\.(\\d+)']

story(
  'agents of a list, by name and by pattern, are refused',
  [route({ denylist: DENIED })],
  [
    { get: '/index.html', ...as('curl/8.6.0'), status: 200 },
    { get: '/index.html', ...as('Twitterspider/2.0'), status: 403, body: { message: 'Not allowed' } },
    { get: '/index.html', ...as('my-bot2'), status: 403 },
    { get: '/index.html', ...as('Twitterspider/x'), status: 200 },
  ],
)

story(
  'only agents of a list pass',
  [route({ allowlist: ['my-bot1', '(Baiduspider)/(\\d+)\\.(\\d+)'] })],
  [
    { get: '/index.html', ...as('Baiduspider/3.0'), status: 200 },
    { get: '/index.html', ...as('my-bot1'), status: 200 },
    { get: '/index.html', ...as('curl/8.6.0'), status: 403 },
  ],
)

story(
  'the refusal has a message of its own',
  [route({ denylist: DENIED, message: 'Access denied' })],
  [{ get: '/index.html', ...as('my-bot2'), status: 403, body: { message: 'Access denied' } }],
)

story('a request without agent is refused', [route({ allowlist: ['my-bot1'] })], [{ get: '/index.html', status: 403 }])

story(
  'unless it is allowed to miss',
  [route({ allowlist: ['my-bot1'], bypass_missing: true })],
  [
    { get: '/index.html', status: 200 },
    { get: '/index.html', ...as('curl/8.6.0'), status: 403 },
  ],
)

story('one of the two lists must be there, never both', [], async (stage) => {
  await stage.refuses(...route({}), /ua-restriction/)
  await stage.refuses(...route({ allowlist: ['a'], denylist: ['b'] }), /ua-restriction/)
  await stage.refuses(...route({ denylist: ['('] }), /parenthesis/)
})
