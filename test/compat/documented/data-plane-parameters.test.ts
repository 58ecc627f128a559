// docs: router-radixtree (parameters in the path)
import { startStories } from './story.ts'

const { story, upstream } = await startStories({ GATEWARD_GATEWAY_ROUTER: 'radixtree_uri_with_parameter' })
const echo = { 'proxy-rewrite': { headers: { set: { 'X-Name': '$uri_param_name', 'X-Matched': '$matched_uri' } } } }

story(
  'a parameter stands for one segment, and is a variable',
  [
    ['routes/1', { uri: '/blog/:name', upstream, plugins: echo }],
    ['routes/2', { uri: '/blog/:name/*rest', upstream, plugins: echo }],
  ],
  [
    { get: '/blog/dog', status: 200, seen: { 'x-name': 'dog', 'x-matched': '/blog/:name' } },
    { get: '/blog/cat', status: 200, seen: { 'x-name': 'cat' } },
    { get: '/blog/cat/a/b', status: 200, seen: { 'x-name': 'cat', 'x-matched': '/blog/:name/*rest' } },
    { get: '/news/dog/a/b', status: 404 },
    { get: '/blog', status: 404 },
  ],
)
