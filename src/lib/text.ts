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

/** Characters of one text, and items of one list, that are shown of a resource. */
export const MAX_SHOWN_CHARS = 2000
export const MAX_SHOWN_ITEMS = 200

/** A copy of a JSON value whose strings are plain text; long texts, long lists and deep parts are cut, and a sign says so. */
export function plainJson(value: unknown, maxLength = MAX_SHOWN_CHARS, depth = 12): unknown {
  if (typeof value === 'string') return plainText(value, maxLength)
  if (value === null || typeof value !== 'object') return value
  if (depth === 0) return CUT
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_SHOWN_ITEMS).map((item) => plainJson(item, maxLength, depth - 1))
    return value.length > MAX_SHOWN_ITEMS ? [...items, `${CUT} ${value.length - MAX_SHOWN_ITEMS} more`] : items
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [plainText(name, 100), plainJson(member, maxLength, depth - 1)]),
  )
}

const CUT = '…'

/** True for what `plainJson` shows of this original: a text cleaned or cut, or a deep part. */
export function isShownOf(shown: unknown, original: unknown): boolean {
  if (shown === original) return true
  if (shown === CUT) return original !== null && typeof original === 'object'
  return typeof shown === 'string' && typeof original === 'string' && shown === plainText(original, MAX_SHOWN_CHARS)
}

/** True for the sign that a list goes on. */
export function isListCut(item: unknown): boolean {
  return typeof item === 'string' && /^… \d+ more$/.test(item)
}

/** True when a text or a deep part was cut. */
export function isCut(shown: unknown): boolean {
  return shown === CUT || (typeof shown === 'string' && shown.length === MAX_SHOWN_CHARS && shown.endsWith(CUT))
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

/** A text as HTML shows it, also within an attribute's quotes. */
export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
