// Tells the upstream the labels of the consumer in request headers. What a client has sent under these names is taken away.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { checkFields } from '../lib/header-fields.ts'

const schema = Type.Object({
  headers: Type.Unsafe<Record<string, string>>({
    type: 'object',
    additionalProperties: { type: 'string', pattern: '^\\$.*' },
    title: 'Headers',
    description: 'label behind a dollar sign, by header',
    minProperties: 1,
    examples: [{ 'X-Team': '$team' }],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'attach-consumer-label',
  version: 0.1,
  priority: 2399,
  schema,
  check: (conf) => checkFields('headers', conf.headers),
  setup(conf) {
    const labels = Object.entries(conf.headers).map(([header, label]) => ({ header, label: label.slice(1) }))
    return {
      before_proxy(ctx) {
        for (const { header, label } of labels) {
          const value = ctx.consumer?.labels?.[label]
          ctx.request.headers.removeAlike(header)
          if (value !== undefined) ctx.request.headers.set(header, value)
        }
      },
    }
  },
})
