// Pieces that the schemas of several kinds share. Field names and limits are APISIX 3.18's.
import Type, { type TSchema } from 'typebox'

export const HOST_PATTERN = '^\\*$|^\\*?[0-9a-zA-Z-._\\[\\]:]+$'

/** An id: 1 to 64 letters, digits, `_`, `-`, `.`, or a positive integer. */
export const Id = Type.Unsafe<string | number>({
  anyOf: [
    { type: 'string', minLength: 1, maxLength: 64, pattern: '^[a-zA-Z0-9-_.]+$' },
    { type: 'integer', minimum: 1 },
  ],
})

export const Name = Type.String({ title: 'Name', minLength: 1, maxLength: 100, example: 'conference' })

export const Desc = Type.String({ title: 'Description', maxLength: 256 })

export const Labels = Type.Unsafe<Record<string, string>>({
  title: 'Labels',
  description: 'Key and value pairs to find resources by.',
  type: 'object',
  patternProperties: { '.*': { type: 'string', pattern: '^\\S+$', maxLength: 256, minLength: 1 } },
  example: { version: 'v2' },
})

export const Timestamp = Type.Integer({ description: 'Seconds since the epoch; set by the Admin API.' })

/** Plugin configurations by plugin name; each is checked against its plugin's own schema. */
export const Plugins = Type.Unsafe<Record<string, Record<string, unknown>>>({
  title: 'Plugins',
  type: 'object',
  example: { 'key-auth': {} },
})

export const Timeout = Type.Unsafe<{ connect: number; send: number; read: number }>({
  title: 'Timeout',
  description: 'Seconds to connect, between two writes and between two reads.',
  type: 'object',
  properties: {
    connect: { type: 'number', exclusiveMinimum: 0, default: 60 },
    send: { type: 'number', exclusiveMinimum: 0, default: 60 },
    read: { type: 'number', exclusiveMinimum: 0, default: 60 },
  },
  required: ['connect', 'send', 'read'],
})

export const Host = Type.String({ title: 'Host', pattern: HOST_PATTERN, example: '*.example.com' })

/** An IP address or network, IPv4 or IPv6. */
export const Address = Type.Unsafe<string>({
  anyOf: [
    { type: 'string', title: 'IPv4', pattern: '^(\\d{1,3}\\.){3}\\d{1,3}$' },
    { type: 'string', title: 'IPv4/CIDR', pattern: '^(\\d{1,3}\\.){3}\\d{1,3}/\\d{1,2}$' },
    { type: 'string', title: 'IPv6', pattern: '^([0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F.]*$' },
    { type: 'string', title: 'IPv6/CIDR', pattern: '^([0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F.]*/\\d{1,3}$' },
  ],
})

/** Fields that the Admin API itself writes. */
export const stamps = {
  id: Type.Optional(Id),
  create_time: Type.Optional(Timestamp),
  update_time: Type.Optional(Timestamp),
}

/** An object without unknown fields. `extra` adds keywords such as `oneOf`. */
export function closedObject(properties: Record<string, TSchema>, extra: Record<string, unknown> = {}): TSchema {
  return Type.Object(properties, { additionalProperties: false, ...extra })
}
