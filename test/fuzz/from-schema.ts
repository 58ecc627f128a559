// Values for a JSON schema, for fast-check: mostly such as the schema wants, with its examples and defaults among them. Limits that only a
// check behind the schema knows are not met, which is as well: what is refused there must be refused decently too.
import fc, { type Arbitrary } from 'fast-check'

type Override = (name: string) => Arbitrary<unknown> | undefined

export type Schema = { [keyword: string]: unknown }

const MAX_DEPTH = 5
const MAX_ITEMS = 3
const MAX_OPTIONAL = 3
const NAMES = fc.constantFrom('a', 'name', '$host', '127.0.0.1:80', 'x-y', '0')
const TEXTS = fc.constantFrom(
  'a',
  '/a/*',
  'example.com',
  '127.0.0.1',
  '10.0.0.0/8',
  'http://127.0.0.1:1/x',
  '$remote_addr',
  '^/a$',
  '1',
)

/** `override` may take a schema in hand, by the name of its member. */
export function fromSchema(schema: Schema, override?: Override, depth = 0): Arbitrary<unknown> {
  const deeper = (inner: unknown): Arbitrary<unknown> => fromSchema(inner as Schema, override, depth + 1)
  if (depth > MAX_DEPTH) return fc.constant({})
  const given = [schema.example, schema.default, ...((schema.examples as unknown[]) ?? [])].filter(
    (one) => one !== undefined,
  )
  const made = fromKeywords(schema, deeper, override)
  return given.length ? fc.oneof(fc.constantFrom(...given), made) : made
}

type Deeper = (inner: unknown) => Arbitrary<unknown>

function fromKeywords(schema: Schema, deeper: Deeper, override?: Override): Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema.const)
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum)
  const choices = (schema.anyOf ?? schema.oneOf) as unknown[] | undefined
  if (choices && !schema.properties)
    return fc.oneof(
      ...choices.map((choice) => deeper({ ...schema, anyOf: undefined, oneOf: undefined, ...(choice as Schema) })),
    )
  const type = Array.isArray(schema.type)
    ? (schema.type[0] as string)
    : (schema.type ?? (schema.properties ? 'object' : undefined))
  switch (type) {
    case 'object':
      return objects(schema, deeper, override)
    case 'array':
      return fc.array(deeper(schema.items ?? {}), {
        minLength: bounded(schema.minItems),
        maxLength: bounded(schema.minItems) + MAX_ITEMS,
      })
    case 'string':
      return texts(schema)
    case 'integer':
      return fc.integer(range(schema))
    case 'number':
      return fc.oneof(fc.integer(range(schema)), fc.double({ noNaN: true, min: 0, max: 10 }))
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    default:
      return fc.oneof(TEXTS, fc.integer(), fc.constant({}), fc.constant([['arg_a', '==', '1']]))
  }
}

function objects(schema: Schema, deeper: Deeper, override?: Override): Arbitrary<unknown> {
  const members = new Map(Object.entries((schema.properties ?? {}) as Record<string, unknown>))
  const required = ((schema.required ?? []) as string[]).filter((name) => members.has(name))
  const optional = [...members.keys()].filter((name) => !required.includes(name))
  const made = new Map<string, Arbitrary<unknown>>()
  const member = (name: string): Arbitrary<unknown> => {
    const arbitrary = made.get(name) ?? override?.(name) ?? deeper(members.get(name))
    made.set(name, arbitrary)
    return arbitrary
  }
  const rest =
    typeof schema.additionalProperties === 'object'
      ? schema.additionalProperties
      : Object.values((schema.patternProperties ?? {}) as object)[0]
  const more = rest ? fc.dictionary(NAMES, deeper(rest), { maxKeys: MAX_ITEMS }) : fc.constant({})
  // Few of the optional members at a time: with all of them, hardly any value would be legal.
  return fc.subarray(optional, { maxLength: Math.min(optional.length, MAX_OPTIONAL) }).chain((chosen) => {
    const record = fc.record(Object.fromEntries([...required, ...chosen].map((name) => [name, member(name)])))
    return fc.tuple(more, record).map(([one, two]) => ({ ...one, ...(two as object) }))
  })
}

function texts({ pattern, minLength }: Schema): Arbitrary<string> {
  if (typeof pattern === 'string' && !pattern.includes('(?'))
    return fc.oneof(TEXTS, fc.stringMatching(new RegExp(pattern)))
  return minLength === undefined ? TEXTS : TEXTS.map((text) => text.padEnd(bounded(minLength), 'x'))
}

function range({ minimum, maximum, exclusiveMinimum }: Schema): { min: number; max: number } {
  const min = Math.ceil(Number(minimum ?? (exclusiveMinimum === undefined ? 0 : Number(exclusiveMinimum) + 1)))
  return { min, max: Math.max(min, Math.floor(Number(maximum ?? min + 1000))) }
}

function bounded(count: unknown): number {
  return Math.min(100, Number(count ?? 0))
}
