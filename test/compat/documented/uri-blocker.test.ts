// The examples of uri-blocker's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/*', upstream, plugins: { 'uri-blocker': { block_rules: ['root.exe', 'root.m+'], ...conf } } },
]

story(
  'a uri that one of the rules matches is refused',
  [route({})],
  [
    { get: '/root.exe?a=a', status: 403, fields: { 'content-type': /^text\/html/ } },
    { get: '/a/root.mm', status: 403 },
    { get: '/?file=root.exe', status: 403 },
    { get: '/ROOT.EXE', status: 200 },
    { get: '/index.html', status: 200 },
  ],
)

story(
  'the refusal has a message and a status of its own',
  [route({ rejected_msg: 'access is not allowed', rejected_code: 404 })],
  [{ get: '/root.exe', status: 404, body: { error_msg: 'access is not allowed' } }],
)

story(
  'case is ignored when asked for',
  [route({ case_insensitive: true })],
  [
    { get: '/ROOT.EXE', status: 403 },
    { get: '/Root.Mmm', status: 403 },
  ],
)

story('a rule must be a regular expression, a message not empty', [], async (stage) => {
  await stage.refuses(...route({ block_rules: ['.+('] }), /parenthesis/)
  await stage.refuses(...route({ rejected_msg: '' }), /rejected_msg/)
  await stage.refuses(...route({ rejected_code: 199 }), /rejected_code/)
})
