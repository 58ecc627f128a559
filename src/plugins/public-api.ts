// Offers an interface of another plugin (batch-requests, node-status) on a route, so that authentication and limits can stand before it.
// Without this plugin such interfaces cannot be reached.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'

const schema = Type.Object({
  uri: Type.Optional(
    Type.String({
      title: 'Interface',
      description: 'uri of the interface, when it is not that of the request',
      examples: ['/apisix/batch-requests'],
    }),
  ),
})

export default definePlugin<Static<typeof schema>>({
  name: 'public-api',
  version: 0.1,
  priority: 501,
  schema,
  setup({ uri }, env) {
    return {
      access(ctx) {
        const api = env.api(ctx.request.method, uri ?? ctx.request.path)
        return api ? api(ctx) : { status: 404 }
      },
    }
  },
})
