// Content types of answers that plugins make.

const WITH_CHARSET = /^(?:text\/(?:html|plain|xml|vnd\.wap\.wml)|application\/(?:javascript|rss\+xml))$/i

/** Adds the charset to the text types, as nginx does it in front of APISIX's users; others stay as they are. */
export function withCharset(type: string): string {
  return WITH_CHARSET.test(type.trim()) ? `${type.trim()}; charset=utf-8` : type
}
