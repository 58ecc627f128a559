// Schemas for configurations with references: what a field's text must be like is not asked of a reference, since it stands for a value that only
// the data plane knows. Its type is: a reference is a text.
import type { TSchema } from 'typebox'

/** Keywords about a text itself. */
export const TEXT_KEYWORDS: ReadonlySet<string> = new Set(['enum', 'const', 'pattern', 'minLength', 'maxLength'])
/** Their values are schemas by name. */
const MAPS = new Set(['properties', 'patternProperties', 'dependencies'])
/** A condition holds for what is written: a reference is none of the texts that it names. */
const CONDITIONS = new Set(['if', 'not'])

const A_REFERENCE = { type: 'string', pattern: '^\\$([eE][nN][vV]|[sS][eE][cC][rR][eE][tT])://' }

/** The same schema, which takes a reference wherever it takes some texts. */
export function lenient(schema: TSchema): TSchema {
  return relax(schema) as TSchema
}

function relax(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(relax)
  if (node === null || typeof node !== 'object') return node
  const entries = Object.entries(node)
  const texts = entries.filter(([keyword]) => TEXT_KEYWORDS.has(keyword))
  const rest = entries.filter(([keyword]) => !TEXT_KEYWORDS.has(keyword)).map(relaxKeyword)
  const relaxed: Record<string, unknown> = Object.fromEntries(rest)
  if (!texts.length) return relaxed
  return { allOf: [relaxed, { anyOf: [A_REFERENCE, Object.fromEntries(texts)] }] }
}

function relaxKeyword([keyword, value]: [string, unknown]): [string, unknown] {
  if (CONDITIONS.has(keyword)) return [keyword, value]
  // A reference may fit several branches: which one is known when it is resolved.
  if (keyword === 'oneOf') return ['anyOf', relax(value)]
  if (!MAPS.has(keyword)) return [keyword, relax(value)]
  return [keyword, Object.fromEntries(Object.entries(value as object).map(([name, schema]) => [name, relax(schema)]))]
}
