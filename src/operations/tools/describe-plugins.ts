// What a plugin can do: its fields with types, defaults and examples, from the target's own schema.
import Type from 'typebox'
import { plainText } from '../../lib/text.ts'
import { defineOperation } from '../contract.ts'
import { text } from '../shapes.ts'

interface FieldSchema {
  type?: string
  description?: string
  default?: unknown
  enum?: unknown[]
  examples?: unknown[]
}

export const describePlugins = defineOperation({
  name: 'describe_plugins',
  title: 'Describe plugins',
  summary: "Lists the gateway's plugins, or shows the fields of those named.",
  effect: 'read',
  input: Type.Object({
    names: Type.Optional(Type.Array(Type.String(), { maxItems: 5 })),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({ target: text, plugins: Type.Array(Type.Unknown()) }),
  async run(input, ctx) {
    const { admin, name } = ctx.targets.get(input.target, ctx.signal)
    if (!input.names?.length) return { target: name, plugins: await admin.pluginNames() }
    const described = []
    for (const plugin of input.names) {
      const schema = await admin.pluginSchema(plugin)
      const fields = Object.entries(schema.properties ?? {}).filter(([field]) => field !== '_meta')
      described.push({
        plugin,
        required: schema.required ?? [],
        fields: Object.fromEntries(fields.map(([field, one]) => [field, describe(one)])),
      })
    }
    return { target: name, plugins: described }
  },
})

function describe(field: FieldSchema): string {
  const parts = [
    field.enum ? field.enum.join(' | ') : field.type,
    field.description,
    field.default === undefined ? '' : `default ${JSON.stringify(field.default)}`,
    field.examples ? `e.g. ${JSON.stringify(field.examples[0])}` : '',
  ]
  return plainText(parts.filter(Boolean).join('; '), 200)
}
