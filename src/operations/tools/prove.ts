// Sends requests through the gateway and compares them with a table of expectations.
import Type from 'typebox'
import { candidatesFor } from '../candidates.ts'
import { defineOperation, OperationError } from '../contract.ts'
import { Inventory } from '../inventory.ts'
import { prove as proveTable } from '../prove.ts'
import { proof, text } from '../shapes.ts'

export const prove = defineOperation({
  name: 'prove',
  title: 'Prove behaviour',
  summary: 'Sends real requests through the gateway only, and compares status and a header with what is expected.',
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
    for (const { headers } of input.expectations) checkSender(headers)
    const asksForKey = input.expectations.some((one) => one.consumer !== undefined)
    const inventory = asksForKey ? await Inventory.read(target) : undefined
    const table = input.expectations.map((one) => ({
      title: one.title ?? one.path,
      method: one.method ?? 'GET',
      path: one.path,
      headers: one.headers,
      credential:
        one.consumer === undefined
          ? undefined
          : {
              kind: 'consumers' as const,
              id: one.consumer,
              plugin: 'key-auth',
              field: 'key',
              header: keyHeader(one, inventory as Inventory),
            },
      expect: { status: one.status },
      repeat: one.repeat,
    }))
    return { target: target.name, proof: await proveTable(table, target, { signal: ctx.signal }) }
  },
})

/** What a proxy says of its client: a gateway believes it of this machine, and another's quota or address would be used. */
const SENDER = /^(?:forwarded|x-forwarded-.+|x-real-ip|true-client-ip|cf-connecting-ip)$/i

function checkSender(headers: Record<string, string> = {}): void {
  const names = Object.keys(headers).filter((name) => SENDER.test(name))
  if (names.length)
    throw new OperationError('refused', `a proof does not call in somebody else's name: leave out ${names.join(', ')}`)
}

interface Keyed {
  path: string
  method?: string | undefined
  headers?: Record<string, string> | undefined
}

/** What is not decided by path, host and method alone, so that another route than the foreseen one may take a request. */
const CONDITIONS = ['vars', 'remote_addr', 'remote_addrs', 'filter_func']

/** A path that every gateway reads alike: nothing encoded, no `..`, no empty segment. */
const PLAIN_PATH = /^(?:\/|(?:\/(?!\.)[\w.~-]+)+\/?)(?:\?[^#]*)?$/

/**
 * The header in which the route wants its key. A consumer's key goes nowhere else: an API behind a route that asks for none is not told it, however
 * the request is made to look. Throws `refused`.
 */
function keyHeader({ path, method = 'GET', headers = {} }: Keyed, inventory: Inventory): string {
  const [host, ...more] = Object.entries(headers).flatMap(([name, value]) => (/^host$/i.test(name) ? [value] : []))
  if (more.length || !PLAIN_PATH.test(path))
    throw new OperationError('refused', `a consumer's key is sent to a plain path and one host only, not to ${path}`)
  const candidates = candidatesFor({ path, method, host, headers }, inventory)
  const winner = candidates.find((one) => one.lost === undefined)
  const may = candidates.filter((one) => {
    const route = inventory.get('routes', one.id) ?? {}
    return one === winner || CONDITIONS.some((name) => route[name] !== undefined)
  })
  const wanted = may.map(({ id }) => inventory.pluginsOf(inventory.get('routes', id) ?? {})['key-auth'])
  const open = may.find((_, index) => wanted[index] === undefined)
  if (!winner || open)
    throw new OperationError(
      'refused',
      `the key of a consumer is sent only where it is asked for: ${open ? `routes/${open.id}, which takes or may take ${path}, does not ask for one (key-auth)` : `no route takes ${path}`}`,
    )
  return String(wanted[may.indexOf(winner)]?.header ?? 'apikey')
}
