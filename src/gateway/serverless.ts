// APISIX's serverless plugins run Lua that stands in the configuration. Here they only say so, at the Admin write, and what to use instead.
import Type, { type Static } from 'typebox'
import { definePlugin, type Plugin } from './plugin.ts'

const schema = Type.Object({
  phase: Type.Optional(
    Type.Enum(['rewrite', 'access', 'header_filter', 'body_filter', 'log', 'before_proxy'], {
      type: 'string',
      title: 'Phase',
      description: 'when the functions would run',
      default: 'access',
      examples: ['rewrite'],
    }),
  ),
  functions: Type.Array(Type.String(), {
    title: 'Functions',
    description: 'Lua source; refused',
    minItems: 1,
    examples: [['return function() end']],
  }),
})

/** A plugin of this name that refuses every configuration. */
export function refuseLua(name: string, priority: number): Plugin {
  return definePlugin<Static<typeof schema>>({
    name,
    version: 0.1,
    priority,
    schema,
    check(_conf, kind) {
      if (kind === 'plugin')
        throw new Error(
          'Lua functions are not run here: use proxy-rewrite, response-rewrite, fault-injection, mocking or redirect, or a service of your own behind the route',
        )
    },
    // A configuration that came past the Admin API, from a shared etcd: the request fails rather than skip what it should have done.
    setup: () => ({ rewrite: () => ({ status: 501, body: { error_msg: `${name}: Lua functions are not run here` } }) }),
  })
}
