// Query strings, changed without touching what is not meant.

/** The query without the arguments of this name; the others keep their bytes and order. */
export function withoutArgument(query: string, name: string): string {
  return query
    .split('&')
    .filter((part) => {
      const key = part.split('=', 1)[0] as string
      return key !== name && decode(key) !== name
    })
    .join('&')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
