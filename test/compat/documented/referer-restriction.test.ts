// The examples of referer-restriction's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/index.html', upstream, plugins: { 'referer-restriction': conf } },
]
const from = (Referer: string): { headers: Record<string, string> } => ({ headers: { Referer } })
const REFUSED = { status: 403, body: { message: 'Your referer host is not allowed' } }

story(
  'a page of a listed host, or of one below it, may refer',
  [route({ bypass_missing: true, whitelist: ['xx.com', '*.xx.com'] })],
  [
    { get: '/index.html', ...from('http://xx.com/x'), status: 200 },
    { get: '/index.html', ...from('https://www.xx.com:8443/x?y'), status: 200 },
    { get: '/index.html', ...from('http://yy.com/x'), ...REFUSED },
    { get: '/index.html', ...from('http://xx.com.yy.com/'), ...REFUSED },
    { get: '/index.html', status: 200 },
    { get: '/index.html', ...from('no address'), status: 200 },
  ],
)

story(
  'without bypass_missing a request must name its page',
  [route({ whitelist: ['xx.com'] })],
  [
    { get: '/index.html', ...REFUSED },
    { get: '/index.html', ...from('no address'), ...REFUSED },
  ],
)

story(
  'pages of a listed host may not refer',
  [route({ blacklist: ['*.yy.com'], message: 'Go away' })],
  [
    { get: '/index.html', ...from('http://a.yy.com/'), status: 403, body: { message: 'Go away' } },
    { get: '/index.html', ...from('http://xx.com/'), status: 200 },
  ],
)

story('one of the two lists must be there, never both', [], async (stage) => {
  await stage.refuses(...route({ whitelist: ['a.com'], blacklist: ['b.com'] }), /referer-restriction/)
  await stage.refuses(...route({ bypass_missing: true }), /referer-restriction/)
})
