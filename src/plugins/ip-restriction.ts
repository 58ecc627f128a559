// Lets requests pass or not by the address of the client.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { CidrSet } from '../lib/cidr.ts'
import { AddressOrNetwork } from '../lib/schema-types.ts'

const addresses = (title: string, description: string) =>
  Type.Optional(
    Type.Array(AddressOrNetwork, {
      title,
      description,
      minItems: 1,
      examples: [['127.0.0.1', '10.0.0.0/8', 'fd00::/8']],
    }),
  )

const schema = Type.Object({
  whitelist: addresses('Allowed', 'addresses and networks that alone may pass'),
  blacklist: addresses('Refused', 'addresses and networks that may not pass'),
  message: Type.String({
    title: 'Message',
    description: 'message of a refusal',
    minLength: 1,
    maxLength: 1024,
    default: 'Your IP address is not allowed',
    examples: ['from the office only'],
  }),
  response_code: Type.Integer({
    title: 'Status',
    description: 'status of a refusal',
    minimum: 403,
    maximum: 404,
    default: 403,
    examples: [404],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'ip-restriction',
  version: 0.1,
  priority: 3000,
  schema: Type.Partial(schema, { oneOf: [{ required: ['whitelist'] }, { required: ['blacklist'] }] }),
  check(conf, kind) {
    if (kind === 'plugin') CidrSet.from(conf.whitelist ?? conf.blacklist ?? [])
  },
  setup(conf) {
    const wanted = conf.whitelist !== undefined
    const set = CidrSet.from(conf.whitelist ?? conf.blacklist ?? [])
    const refusal = { status: conf.response_code, body: { message: conf.message } }
    return {
      access: (ctx) => (set.has(ctx.remoteAddr) === wanted ? undefined : refusal),
    }
  },
})
