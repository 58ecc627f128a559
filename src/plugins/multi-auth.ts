// Lets a request pass that one of several authentication plugins lets pass. They are tried in the order in which they are written; the first that
// knows the request's consumer ends the search. When none does, the answer carries the challenge of the last one.
import Type, { type Static } from 'typebox'
import { definePlugin, type PluginInstance, type Reply } from '../gateway/plugin.ts'
import type { OtherPlugins } from '../resources/catalog.ts'
import type { Resource } from '../resources/kinds.ts'

const schema = Type.Object({
  auth_plugins: Type.Array(Type.Record(Type.String(), Type.Any()), {
    title: 'Authentication plugins',
    description: 'name and configuration of each plugin, in the order in which they are tried',
    minItems: 2,
    examples: [[{ 'basic-auth': {} }, { 'key-auth': {} }]],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'multi-auth',
  version: 0.1,
  priority: 2600,
  type: 'auth',
  schema,
  check(conf, kind, _attr, others) {
    if (kind === 'metadata') return
    for (const [name, member] of membersOf(conf)) checkMember(name, member, others)
  },
  setup(conf, env) {
    const members = membersOf(conf).map(([name, member]) => env.setupPlugin(name, member as Resource))
    return {
      async rewrite(ctx) {
        let refusal: Reply | undefined
        for (const member of members) {
          const answer = await member.rewrite?.(ctx)
          if (!answer) return undefined
          refusal = answer
        }
        return { status: 401, headers: refusal?.headers ?? {}, body: { message: 'Authorization Failed' } }
      },
      close: () => closeAll(members),
    }
  },
})

function membersOf(conf: Conf): [string, unknown][] {
  return conf.auth_plugins.flatMap((one) => Object.entries(one))
}

function checkMember(name: string, conf: unknown, others: OtherPlugins): void {
  const plugin = others(name)
  if (!plugin) throw new Error(`${name} plugin did not found`)
  if (plugin.type !== 'auth') throw new Error(`${name} plugin is not supported`)
  const fault = plugin.fault(conf)
  if (fault !== undefined) throw new Error(`plugin ${name} check schema failed: ${fault}`)
  if ((conf as Resource)._meta !== undefined)
    throw new Error(`property "_meta" of plugin ${name} is not supported here: write it beside auth_plugins`)
}

async function closeAll(members: PluginInstance[]): Promise<void> {
  for (const member of members) await member.close?.()
}
