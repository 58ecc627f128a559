// From a protobuf message to JSON, in the form that `pb_option` asks for (lua-protobuf's options, whose names APISIX took over).
import protobuf from 'protobufjs'

export interface JsonOptions {
  enums: 'name' | 'value'
  /** How integers are written that do not fit into 32 bits: as numbers, or as text that begins with `#`. */
  longs: 'number' | 'string' | 'hexstring'
  /** Which absent fields are written: none, those of proto3 (they have no presence), or all. */
  defaults: 'none' | 'auto' | 'all'
}

const INT32_MIN = -(2n ** 31n)
const UINT32_MAX = 2n ** 32n - 1n

/** Reads `pb_option`; a later option of a kind replaces an earlier one. */
export function readOptions(names: readonly string[]): JsonOptions {
  const options: JsonOptions = { enums: 'name', longs: 'number', defaults: 'auto' }
  for (const name of names) {
    if (name === 'enum_as_name') options.enums = 'name'
    else if (name === 'enum_as_value') options.enums = 'value'
    else if (name === 'int64_as_number') options.longs = 'number'
    else if (name === 'int64_as_string') options.longs = 'string'
    else if (name === 'int64_as_hexstring') options.longs = 'hexstring'
    else if (name === 'auto_default_values') options.defaults = 'auto'
    else if (name === 'use_default_values') options.defaults = 'all'
    // A metatable's defaults can be read in Lua, but are not part of the JSON.
    else if (name === 'no_default_values' || name === 'use_default_metatable') options.defaults = 'none'
  }
  return options
}

/** The message in `bytes` as a JSON value. Throws when they are not such a message. */
export function toJson(type: protobuf.Type, bytes: Uint8Array, options: JsonOptions): Record<string, unknown> {
  return messageToJson(type, type.decode(bytes), options)
}

function messageToJson(type: protobuf.Type, message: object, options: JsonOptions): Record<string, unknown> {
  const json: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    const value = fieldToJson(field, message, options)
    if (value !== undefined) json[field.name] = value
  }
  return json
}

function fieldToJson(field: protobuf.Field, message: object, options: JsonOptions): unknown {
  const present = Object.hasOwn(message, field.name)
  const value: unknown = (message as Record<string, unknown>)[field.name]
  if (field.map) {
    const entries = Object.entries(value ?? {})
    if (!entries.length && options.defaults === 'none') return undefined
    return Object.fromEntries(
      entries.map(([key, one]) => [
        mapKey(field as unknown as protobuf.MapField, key),
        valueToJson(field, one, options),
      ]),
    )
  }
  if (field.repeated) {
    const items = (value ?? []) as unknown[]
    return items.length || options.defaults !== 'none'
      ? items.map((one) => valueToJson(field, one, options))
      : undefined
  }
  if (present && value !== undefined && value !== null) return valueToJson(field, value, options)
  return hasVisibleDefault(field, options)
    ? valueToJson(field, field.defaultValue ?? field.typeDefault, options)
    : undefined
}

function hasVisibleDefault(field: protobuf.Field, { defaults }: JsonOptions): boolean {
  if (defaults === 'none' || field.partOf || field.resolvedType instanceof protobuf.Type) return false
  return defaults === 'all' || !field.hasPresence
}

/** protobufjs keeps keys of 64 bits as eight characters. */
function mapKey({ keyType }: protobuf.MapField, key: string): string {
  return keyType.endsWith('64') && key.length === 8 ? String(protobuf.util.longFromHash(key, keyType[0] === 'u')) : key
}

function valueToJson(field: protobuf.Field, value: unknown, options: JsonOptions): unknown {
  const { resolvedType } = field
  if (resolvedType instanceof protobuf.Type) return messageToJson(resolvedType, value as object, options)
  if (resolvedType instanceof protobuf.Enum) {
    const name = resolvedType.valuesById[value as number]
    return options.enums === 'name' && name !== undefined ? name : value
  }
  if (field.type === 'bytes') return Buffer.from(value as Uint8Array).toString()
  return field.type.endsWith('64') ? longToJson(BigInt(String(value)), options.longs) : value
}

function longToJson(value: bigint, form: JsonOptions['longs']): number | string {
  if (form === 'number' || (value >= INT32_MIN && value <= UINT32_MAX)) return Number(value)
  const magnitude = value < 0n ? -value : value
  const sign = value < 0n ? '-' : ''
  return form === 'string' ? `#${sign}${magnitude}` : `#${sign}0x${magnitude.toString(16).toUpperCase()}`
}
