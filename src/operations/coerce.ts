// Clients and models send lists and objects as JSON text, numbers as text, or one object where a list is wanted. These are taken for what they
// stand for where the schema leaves no doubt; everything else is left for the check to refuse.
import { isObject } from '../lib/is-object.ts'

interface Shape {
  type?: unknown
  properties?: Record<string, unknown>
  items?: unknown
}

/** A copy of a value that is closer to the schema; the value itself where nothing is to be done. */
export function coerce(schema: unknown, value: unknown): unknown {
  const { type, properties, items } = schema as Shape
  if (type === 'object') return coerceObject(properties, typeof value === 'string' ? parsed(value) : value)
  if (type === 'array') {
    const list = typeof value === 'string' ? parsed(value) : value
    if (isObject(list)) return [coerce(items ?? {}, list)]
    return Array.isArray(list) ? list.map((item) => coerce(items ?? {}, item)) : list
  }
  if ((type === 'integer' || type === 'number') && typeof value === 'string' && /^-?\d{1,15}(?:\.\d+)?$/.test(value))
    return Number(value)
  return value
}

function coerceObject(properties: Record<string, unknown> | undefined, value: unknown): unknown {
  if (!properties || !isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      Object.hasOwn(properties, name) ? coerce(properties[name], member) : member,
    ]),
  )
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // the check names the field and what it should be
  }
}
