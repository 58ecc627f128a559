// The page of serverless in APISIX's documentation: its functions are Lua, which is not run here. They are refused with what to use instead.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const NAME = 'serverless-post-function'

story('Lua is refused when it is written, whatever the phase', [], async ({ refuses }) => {
  const functions = ['return function(conf, ctx) ngx.log(ngx.ERR, "hello") end']
  for (const phase of [undefined, 'rewrite', 'access', 'header_filter', 'body_filter', 'log', 'before_proxy'])
    await refuses(
      'routes/r',
      { uri: '/*', upstream, plugins: { [NAME]: { ...(phase && { phase }), functions } } },
      /Lua functions are not run here: use /,
    )
  await refuses('routes/r', { uri: '/*', upstream, plugins: { [NAME]: { phase: 'none', functions } } }, /phase/)
  await refuses('routes/r', { uri: '/*', upstream, plugins: { [NAME]: { phase: 'rewrite' } } }, /functions/)
})
