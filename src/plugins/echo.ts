// Puts text before and after a response's body, or in its place: to try things out.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { checkFields } from '../lib/header-fields.ts'

const text = (title: string, description: string) =>
  Type.Optional(Type.String({ title, description, examples: ['hello'] }))

const schema = Type.Object(
  {
    before_body: text('Before', 'goes before the body'),
    body: text('Body', "goes in the place of the upstream's body"),
    after_body: text('After', 'goes after the body'),
    headers: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.Union([Type.String(), Type.Number()]), {
        title: 'Headers',
        description: 'response headers that are set',
        minProperties: 1,
        examples: [{ 'X-Echo': '1' }],
      }),
    ),
  },
  {
    minProperties: 1,
    anyOf: [{ required: ['before_body'] }, { required: ['body'] }, { required: ['after_body'] }],
  },
)
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'echo',
  version: 0.1,
  priority: 412,
  schema,
  check: (conf) => checkFields('headers', conf.headers),
  setup(conf) {
    const before = Buffer.from(conf.before_body ?? '')
    const body = conf.body === undefined ? undefined : Buffer.from(conf.body)
    const after = Buffer.from(conf.after_body ?? '')
    const BEGUN = Symbol('echo')
    return {
      header_filter(ctx) {
        const { response } = ctx
        response.forgetBody()
        // Text beside or in the place of an encoded body is not encoded.
        response.headers.remove('content-encoding')
        for (const [name, value] of Object.entries(conf.headers ?? {})) response.headers.set(name, String(value))
      },
      body_filter(ctx, chunk, last) {
        const parts: Buffer[] = []
        if (!ctx.get(BEGUN)) {
          ctx.set(BEGUN, true)
          parts.push(before, body ?? chunk)
        } else if (!body) {
          parts.push(chunk)
        }
        if (last) parts.push(after)
        return Buffer.concat(parts)
      },
    }
  },
})
