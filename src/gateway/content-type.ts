// The charset that APISIX's server adds to the text types of answers, whoever made them.

const TEXT = /^(?:text\/(?:html|plain|xml|vnd\.wap\.wml)|application\/(?:javascript|rss\+xml))$/i

/** True for a text type without parameters. */
export function lacksCharset(type: string): boolean {
  return TEXT.test(type)
}

/** Adds the charset to a text type without parameters; others stay as they are. */
export function withCharset(type: string): string {
  return lacksCharset(type) ? `${type}; charset=utf-8` : type
}
