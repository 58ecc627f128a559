// From JSON or the arguments of a query or form to a protobuf message. Values are taken as lua-protobuf takes them: numbers may be text,
// integers of 64 bits may begin with `#` as they are answered, bytes are the text itself.
import protobuf from 'protobufjs'

type Values = Record<string, unknown>

/** Members that the message does not have are left out. Throws when a value does not fit its field. */
export function toMessage(type: protobuf.Type, values: Values, path = ''): protobuf.Message {
  const message: Values = {}
  for (const field of type.fieldsArray) {
    const value = Object.hasOwn(values, field.name) ? values[field.name] : undefined
    if (value === undefined || value === null) continue
    message[field.name] = toField(field, value, `${path}${field.name}`)
  }
  return type.create(message)
}

function toField(field: protobuf.Field, value: unknown, path: string): unknown {
  if (field.map) {
    if (typeof value !== 'object' || Array.isArray(value)) throw misfit(path, 'an object')
    const entries = Object.entries(value as Values)
    return Object.fromEntries(entries.map(([key, one]) => [key, toValue(field, one, `${path}.${key}`)]))
  }
  if (!field.repeated) return toValue(field, value, path)
  const items = Array.isArray(value) ? value : [value]
  return items.map((one, index) => toValue(field, one, `${path}.${index}`))
}

function toValue(field: protobuf.Field, value: unknown, path: string): unknown {
  const { resolvedType } = field
  if (resolvedType instanceof protobuf.Type) {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) throw misfit(path, 'an object')
    return toMessage(resolvedType, value as Values, `${path}.`)
  }
  if (resolvedType instanceof protobuf.Enum) return toEnum(resolvedType, value, path)
  switch (field.type) {
    case 'string':
      return String(value)
    case 'bytes':
      return Buffer.from(String(value))
    case 'bool':
      return value === true || value === 1 || value === 'true' || value === '1'
    case 'float':
    case 'double':
      return toNumber(value, path)
    default:
      return field.type.endsWith('64') ? toLong(value, path) : Math.trunc(toNumber(value, path))
  }
}

function toEnum(type: protobuf.Enum, value: unknown, path: string): number {
  // `values` inherits names by number from protobufjs's own look-up table.
  const named = typeof value === 'string' && Object.hasOwn(type.values, value) ? type.values[value] : undefined
  return named ?? Math.trunc(toNumber(value, path))
}

function toNumber(value: unknown, path: string): number {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof number !== 'number' || Number.isNaN(number)) throw misfit(path, 'a number')
  return number
}

/** The two halves of an integer of 64 bits, as protobufjs takes them. */
function toLong(value: unknown, path: string): { low: number; high: number } {
  const text = typeof value === 'string' ? value.replace(/^#/, '') : String(value)
  const parts = /^(-?)(0x[0-9a-f]+|\d+)$/i.exec(text)
  if (!parts) throw misfit(path, 'an integer')
  const magnitude = BigInt(parts[2] as string)
  const bits = BigInt.asUintN(64, parts[1] ? -magnitude : magnitude)
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0 }
}

function misfit(path: string, expected: string): Error {
  return new Error(`field ${path} is not ${expected}`)
}
