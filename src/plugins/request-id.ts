// Gives each request an id that the upstream and the client see. One that the client sends is kept.
import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { checkName } from '../lib/header-fields.ts'

/** APISIX's default, its doubled G included. */
const RANGE_CHARACTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIGKLMNOPQRSTUVWXYZ0123456789'

const schema = Type.Object({
  header_name: Type.String({
    title: 'Header',
    description: 'header that carries the id',
    minLength: 1,
    default: 'X-Request-Id',
    examples: ['X-Trace'],
  }),
  include_in_response: Type.Boolean({
    title: 'In the response',
    description: 'send the id to the client',
    default: true,
    examples: [false],
  }),
  algorithm: Type.Enum(['uuid', 'nanoid', 'range_id', 'ksuid', 'uuidv7'], {
    type: 'string',
    title: 'Algorithm',
    description: 'how ids are made',
    default: 'uuid',
    examples: ['nanoid'],
  }),
  range_id: Type.Object(
    {
      length: Type.Optional(
        Type.Integer({
          title: 'Length',
          description: 'characters of an id',
          minimum: 6,
          maximum: 1024,
          default: 16,
          examples: [8],
        }),
      ),
      char_set: Type.Optional(
        Type.String({
          title: 'Characters',
          description: 'what ids are made of',
          minLength: 6,
          default: RANGE_CHARACTERS,
          examples: ['0123456789abcdef'],
        }),
      ),
    },
    { title: 'range_id', description: 'settings of the algorithm range_id', default: {}, examples: [{ length: 8 }] },
  ),
})
type Conf = Static<typeof schema>

const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** Seconds between the epochs of Unix and of KSUID. */
const KSUID_EPOCH_S = 1_400_000_000

export default definePlugin<Conf>({
  name: 'request-id',
  version: 0.1,
  priority: 12015,
  schema: Type.Partial(schema),
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkName('header_name', conf.header_name)
    if (conf.range_id?.char_set !== undefined && !/^[!-~]+$/.test(conf.range_id.char_set))
      throw new Error('property "range_id.char_set" has characters that a header cannot carry: use visible ASCII')
  },
  setup(conf, env) {
    const header = conf.header_name.toLowerCase()
    const make = generator(conf, env.now)
    const KEY = Symbol('request-id')
    return {
      rewrite(ctx) {
        const { headers } = ctx.request
        const id = headers.get(header) || make()
        headers.set(conf.header_name, id)
        ctx.set(KEY, id)
        if (header === 'x-request-id') ctx.setVar('apisix_request_id', id)
      },
      header_filter(ctx) {
        const id = ctx.get<string>(KEY)
        if (conf.include_in_response && id !== undefined && !ctx.response.headers.has(header))
          ctx.response.headers.set(conf.header_name, id)
      },
    }
  },
})

function generator(conf: Conf, now: () => number): () => string {
  const { length = 16, char_set: characters = RANGE_CHARACTERS } = conf.range_id
  switch (conf.algorithm) {
    case 'nanoid':
      return () => pick(URL_SAFE, 21)
    case 'range_id':
      return () => pick(characters, length)
    case 'uuidv7':
      return () => uuidV7(now())
    case 'ksuid':
      return () => ksuid(now())
    default:
      return randomUUID
  }
}

function pick(characters: string, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++) text += characters[randomInt(characters.length)]
  return text
}

/** RFC 9562 5.7: milliseconds, then random bits. */
function uuidV7(nowMs: number): string {
  const bytes = randomBytes(16)
  bytes.writeUIntBE(nowMs, 0, 6)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** Four bytes of seconds and sixteen random ones, as 27 characters that sort by time. */
function ksuid(nowMs: number): string {
  const bytes = randomBytes(20)
  bytes.writeUInt32BE(Math.floor(nowMs / 1000) - KSUID_EPOCH_S, 0)
  let rest = BigInt(`0x${bytes.toString('hex')}`)
  let text = ''
  for (let i = 0; i < 27; i++) {
    text = BASE62[Number(rest % 62n)] + text
    rest /= 62n
  }
  return text
}
