// Sends requests through the gateway and compares them with a table of expectations.
import Type from 'typebox'
import { defineOperation } from '../contract.ts'
import { prove as proveTable } from '../prove.ts'
import { proof, text } from '../shapes.ts'

export const prove = defineOperation({
  name: 'prove',
  title: 'Prove behaviour',
  summary:
    'Sends real requests through the gateway (never elsewhere) and compares status and a header with what is expected.',
  effect: 'read',
  input: Type.Object({
    expectations: Type.Array(
      Type.Object({
        title: Type.Optional(Type.String()),
        method: Type.Optional(Type.Enum(['GET', 'HEAD', 'OPTIONS'], { default: 'GET' })),
        path: Type.String({ pattern: '^/' }),
        headers: Type.Optional(Type.Record(Type.String(), Type.String())),
        consumer: Type.Optional(Type.String({ description: 'send the key-auth key of this consumer' })),
        status: Type.Optional(Type.Array(Type.Integer())),
        repeat: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'the last answer is judged' })),
      }),
    ),
    target: Type.Optional(Type.String()),
  }),
  output: Type.Object({ target: text, proof }),
  async run(input, ctx) {
    const target = ctx.targets.get(input.target, ctx.signal)
    const table = input.expectations.map((one) => ({
      title: one.title ?? one.path,
      method: one.method ?? 'GET',
      path: one.path,
      headers: one.headers,
      credential:
        one.consumer === undefined
          ? undefined
          : { kind: 'consumers' as const, id: one.consumer, plugin: 'key-auth', field: 'key', header: 'apikey' },
      expect: { status: one.status },
      repeat: one.repeat,
    }))
    return { target: target.name, proof: await proveTable(table, target, { signal: ctx.signal }) }
  },
})
