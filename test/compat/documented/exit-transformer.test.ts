// The page of exit-transformer in APISIX's documentation: its functions are Lua, which is not run here. They are refused, and what the page makes
// of them is made with what the refusal names.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()

story('Lua is refused when it is written', [], async ({ refuses }) => {
  const functions = ['return (function(code, body, header) return 403, body, header end)(...)']
  await refuses(
    'routes/r',
    { uri: '/*', upstream, plugins: { 'exit-transformer': { functions } } },
    /Lua functions are not run here: use error-page .*response-rewrite/,
  )
})

story(
  'another status, and JSON for a refusal: response-rewrite with vars on the status',
  [
    [
      'routes/r',
      {
        uri: '/*',
        upstream,
        plugins: {
          'key-auth': {},
          'response-rewrite': {
            status_code: 403,
            body: '{"error":true,"status":403}',
            headers: { set: { 'X-Error-Code': '$status' } },
            vars: [['status', '==', 401]],
          },
        },
      },
    ],
  ],
  [{ get: '/a', status: 403, body: { error: true, status: 403 }, fields: { 'x-error-code': /40[13]/ } }],
)
