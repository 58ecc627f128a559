// What this gateway is: host, version, start, identity. The Control API serves it at /v1/server_info; the plugin itself does nothing for
// requests and has no configuration.
import Type from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'

export default definePlugin<object>({
  name: 'server-info',
  version: 0.1,
  priority: 990,
  scope: 'global',
  schema: Type.Object({}),
  setup: () => ({}),
})
