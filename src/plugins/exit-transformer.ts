// APISIX's Lua functions that change what the gateway answers by itself: refused, with what to use instead.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'

const schema = Type.Object({
  functions: Type.Array(Type.String(), {
    title: 'Functions',
    description: 'Lua source; refused',
    examples: [[]],
  }),
})

const ADVICE = 'use error-page for own pages, response-rewrite with `vars` on the status, or `_meta.error_response`'

export default definePlugin<Static<typeof schema>>({
  name: 'exit-transformer',
  version: 0.1,
  priority: 22950,
  schema,
  check({ functions }, kind) {
    if (kind === 'plugin' && functions.length) throw new Error(`Lua functions are not run here: ${ADVICE}`)
  },
  // A configuration that came past the Admin API, from a shared etcd: the request fails rather than skip what it should have done.
  setup: ({ functions }) =>
    functions.length
      ? { rewrite: () => ({ status: 501, body: { error_msg: 'exit-transformer: Lua functions are not run here' } }) }
      : {},
})
