// Lets requests pass or not by who makes them: the consumer, its group, or the route and service that a consumer may use.
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin } from '../gateway/plugin.ts'
import { refusalFields } from '../lib/refusal-fields.ts'
import { checkStatus } from '../lib/status-check.ts'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PURGE'] as const

const names = (title: string, description: string) =>
  Type.Optional(Type.Array(Type.String(), { title, description, minItems: 1, examples: [['jack']] }))

const schema = Type.Object({
  type: Type.Enum(['consumer_name', 'service_id', 'route_id', 'consumer_group_id'], {
    type: 'string',
    title: 'Type',
    description: 'what the lists hold',
    default: 'consumer_name',
    examples: ['consumer_group_id'],
  }),
  blacklist: names('Refused', 'those that may not pass; goes before the other lists'),
  whitelist: names('Allowed', 'those that alone may pass'),
  allowed_by_methods: Type.Optional(
    Type.Array(
      Type.Object({
        user: Type.Optional(Type.String({ title: 'Who', description: 'one of the type', examples: ['jack'] })),
        methods: Type.Optional(
          Type.Array(Type.Enum([...METHODS]), {
            title: 'Methods',
            description: 'methods that it may use',
            minItems: 1,
            examples: [['GET']],
          }),
        ),
      }),
      {
        title: 'Allowed by method',
        description: 'methods that those named may use; others are not limited',
        examples: [[{ user: 'jack', methods: ['GET'] }]],
      },
    ),
  ),
  ...refusalFields,
})
type Conf = Static<typeof schema>

const READ: Record<Conf['type'], (ctx: Exchange) => string | undefined> = {
  consumer_name: (ctx) => ctx.consumer?.username,
  consumer_group_id: (ctx) => ctx.consumer?.groupId,
  route_id: (ctx) => ctx.route?.id,
  service_id: (ctx) => ctx.route?.serviceId,
}

export default definePlugin<Conf>({
  name: 'consumer-restriction',
  version: 0.1,
  priority: 2400,
  schema: Type.Partial(schema, {
    anyOf: [{ required: ['blacklist'] }, { required: ['whitelist'] }, { required: ['allowed_by_methods'] }],
  }),
  check: (conf) => checkStatus('rejected_code', conf.rejected_code),
  setup(conf) {
    const read = READ[conf.type]
    const { type, rejected_code: status } = conf
    const unknown = {
      status: 401,
      body: { message: `The request is rejected, please check the ${type} for this request` },
    }
    const refusal = { status, body: { message: conf.rejected_msg ?? `The ${type} is forbidden.` } }
    return {
      access(ctx) {
        const value = read(ctx)
        if (value === undefined) return unknown
        return allowed(conf, value, ctx.request.method) ? undefined : refusal
      },
    }
  },
})

/** Whoever is not in the whitelist has nothing from a list by method: each of them only takes away. */
function allowed(conf: Conf, value: string, method: string): boolean {
  if (conf.blacklist?.includes(value)) return false
  if (conf.whitelist) return conf.whitelist.includes(value)
  const rule = conf.allowed_by_methods?.find((one) => one.user === value)
  return rule?.methods === undefined || rule.methods.some((one) => one === method)
}
