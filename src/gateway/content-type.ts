// The charset that APISIX's server adds to the text types of answers, whoever made them.

/** No two of them are of one length. */
const TEXT = [
  'text/html',
  'text/plain',
  'text/xml',
  'text/vnd.wap.wml',
  'application/javascript',
  'application/rss+xml',
]
const byLength = new Map(TEXT.map((type) => [type.length, type]))

/** Adds the charset to a text type without parameters; others stay as they are. */
export function withCharset(type: string): string {
  const text = byLength.get(type.length)
  return text !== undefined && (type === text || type.toLowerCase() === text) ? `${type}; charset=utf-8` : type
}
