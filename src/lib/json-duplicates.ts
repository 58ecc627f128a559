// Finds a name that an object of a JSON text has twice. JSON.parse keeps the last of them in silence, so that what a person wrote first is lost.

/** Strings, and what opens and closes. The text is legal JSON: nothing else can hold a quotation mark. */
const TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g

/** The first name that comes a second time in its object, undefined when there is none. `text` must have passed JSON.parse. */
export function duplicateName(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = []
  for (const [token, colon] of text.matchAll(TOKEN)) {
    if (token === '{') open.push(new Set())
    else if (token === '[') open.push(undefined)
    else if (token === '}' || token === ']') open.pop()
    else if (colon !== undefined) {
      const name = JSON.parse(token.slice(0, -colon.length)) as string
      const names = open.at(-1)
      if (names?.has(name)) return name
      names?.add(name)
    }
  }
  return undefined
}
