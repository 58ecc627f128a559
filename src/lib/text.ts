// Text that came from outside (descriptions, upstream answers, names), made harmless before a person or a model reads it.

// Control characters, bidirectional overrides, zero-width characters and other invisible format characters: shown text would not be what is there.
const INVISIBLE = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** One line without invisible characters, at most `maxLength` characters. */
export function plainText(text: string, maxLength = 300): string {
  const clean = text.replace(/[\t\r\n]+/g, ' ').replace(INVISIBLE, '')
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean
}

/** Text of several lines without invisible characters: what a model says cannot move a terminal's cursor. */
export function plainLines(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(INVISIBLE, (one) => (one === '\n' || one === '\t' ? one : ''))
}

/** A copy of a JSON value whose strings are plain text; deep or long parts are cut. */
export function plainJson(value: unknown, maxLength = 300, depth = 12): unknown {
  if (typeof value === 'string') return plainText(value, maxLength)
  if (value === null || typeof value !== 'object') return value
  if (depth === 0) return '…'
  if (Array.isArray(value)) return value.slice(0, 200).map((item) => plainJson(item, maxLength, depth - 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [plainText(name, 100), plainJson(member, maxLength, depth - 1)]),
  )
}

/** A copy of a JSON value whose strings, names too, can be written to a terminal; nothing is cut. */
export function plainLinesOf<T>(value: T): T {
  if (typeof value === 'string') return plainLines(value) as T
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((one) => plainLinesOf(one)) as T
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [plainLines(name), plainLinesOf(member)]),
  ) as T
}
