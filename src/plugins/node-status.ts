// Connections and requests of this gateway at /apisix/status, in the words of nginx's stub_status, through public-api.
import Type from 'typebox'
import { definePlugin, type PluginEnv, type Reply } from '../gateway/plugin.ts'

export default definePlugin<object>({
  name: 'node-status',
  version: 0.1,
  priority: 1000,
  scope: 'global',
  schema: Type.Object({}),
  setup: () => ({}),
  apis: [{ methods: ['GET'], uri: '/apisix/status', handle: (_ctx, env) => status(env) }],
})

/** Numbers are texts, as APISIX writes them. A head is read in one go here: no connection is ever seen `reading`. */
function status(env: PluginEnv): Reply {
  const { accepted, active, requests, writing } = env.traffic()
  const counts = {
    active,
    accepted,
    handled: accepted,
    total: requests,
    reading: 0,
    writing,
    waiting: Math.max(0, active - writing),
  }
  const texts = Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, String(count)]))
  return { status: 200, body: { id: env.nodeId, status: texts } }
}
