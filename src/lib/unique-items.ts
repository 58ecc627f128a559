// The keyword `uniqueItems` in linear time. Ajv's own compares each item with each other one unless a schema says that all are scalars of
// one type: 60,000 addresses, which fit into one request, took 40 seconds.
import { createHash } from 'node:crypto'
import type { FuncKeywordDefinition, SchemaValidateFunction } from 'ajv'

const MAX_TEXT_CHARS = 1000

const validate: SchemaValidateFunction = (wanted: boolean, items: unknown[]) => {
  const pair = wanted ? equalPair(items) : undefined
  validate.errors = pair && [
    { keyword: 'uniqueItems', params: { j: pair[0], i: pair[1] }, message: 'must NOT have duplicate items' },
  ]
  return pair === undefined
}

/** Takes the place of the keyword in an Ajv from which it has been removed. */
export const UNIQUE_ITEMS: FuncKeywordDefinition = {
  keyword: 'uniqueItems',
  type: 'array',
  schemaType: 'boolean',
  errors: true,
  validate,
}

/** The last two positions that hold equal items; undefined when all differ. */
function equalPair(items: readonly unknown[]): [number, number] | undefined {
  const seen = new Map<string, number>()
  let pair: [number, number] | undefined
  for (const [position, item] of items.entries()) {
    const text = shortened(JSON.stringify(item, sorted))
    const before = seen.get(text)
    if (before !== undefined) pair = [before, position]
    seen.set(text, position)
  }
  return pair
}

/** Of long texts V8 hashes nothing but their length. */
function shortened(text: string): string {
  return text.length > MAX_TEXT_CHARS ? createHash('sha256').update(text).digest('base64') : text
}

/** Members in one order, so that equal objects have equal texts. */
function sorted(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
