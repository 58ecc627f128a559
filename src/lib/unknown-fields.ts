// Fields that stand in a value and not in its JSON Schema. Schemas of plugins let them pass, as APISIX's do, so that a name written wrong is a setting
// that does nothing. An object whose schema names no fields, or says what others must be like, may have any.
import { isObject } from './is-object.ts'
import { nearest } from './nearest.ts'

export interface UnknownField {
  /** `limit-count.cuont` below where the search began. */
  path: string
  /** The name that was probably meant. */
  meant: string | undefined
}

/** What a schema says of names, its alternatives taken together. */
export class Shape {
  readonly #fields = new Map<string, unknown[]>()
  /** Schemas of what has another name. */
  readonly #others: unknown[] = []
  readonly #items: unknown[] = []
  #takesAny = false
  readonly #shapes = new Map<string, Shape>()

  /** `schemas` count at once. */
  constructor(...schemas: unknown[]) {
    for (const schema of schemas) this.#read(schema)
  }

  /** The unknown fields of a value, in its order. Names that begin with `_` are the gateway's own. */
  unknownIn(value: unknown, path = ''): UnknownField[] {
    if (Array.isArray(value)) {
      const shape = this.#shape('[]', this.#items)
      return value.flatMap((item, index) => shape.unknownIn(item, `${path}[${index}]`))
    }
    if (!isObject(value)) return []
    return Object.entries(value).flatMap(([name, member]) => {
      const at = path === '' ? name : `${path}.${name}`
      const schemas = this.#fields.get(name)
      if (schemas) return this.#shape(`.${name}`, schemas).unknownIn(member, at)
      if (this.#others.length > 0) return this.#shape('*', this.#others).unknownIn(member, at)
      if (this.#takesAny || this.#fields.size === 0 || name.startsWith('_')) return []
      return [{ path: at, meant: nearest(name, this.#fields.keys()) }]
    })
  }

  #shape(key: string, schemas: unknown[]): Shape {
    const known = this.#shapes.get(key) ?? new Shape(...schemas)
    this.#shapes.set(key, known)
    return known
  }

  #read(schema: unknown): void {
    if (!isObject(schema)) return
    const { properties, patternProperties, additionalProperties: more, items, type } = schema
    for (const [name, one] of entriesOf(properties)) this.#fields.set(name, [...(this.#fields.get(name) ?? []), one])
    for (const [, one] of entriesOf(patternProperties)) this.#others.push(one)
    if (isObject(more)) this.#others.push(more)
    if (items !== undefined) this.#items.push(...[items].flat())
    const parts = [schema.allOf, schema.anyOf, schema.oneOf].flatMap((one) => (Array.isArray(one) ? one : []))
    parts.push(schema.if, schema.then, schema.else, ...entriesOf(schema.dependencies).map(([, one]) => one))
    const says = [properties, patternProperties, more].some((one) => one !== undefined && one !== true)
    if (more === true || (type === 'object' && !says && !parts.some(isObject))) this.#takesAny = true
    for (const part of parts) this.#read(part)
  }
}

/** Lua writes an empty map as an empty list. */
function entriesOf(map: unknown): [string, unknown][] {
  return isObject(map) ? Object.entries(map) : []
}
