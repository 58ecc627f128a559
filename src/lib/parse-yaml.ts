// YAML from outside, in a time that grows with its length: the library compares each key of a map with all others (60,000 keys took minutes) and looks
// for the end of each of a million open brackets. A key that stands twice counts as in JSON: the last one.
import { parse } from 'yaml'

/** As for JSON (parse-json.ts). */
const MAX_OPEN_BRACKETS = 1000

/** The value of a text; throws an Error when it is no YAML. `maxAliases`: they could make a short text a long value. */
export function readYaml(text: string, maxAliases: number): unknown {
  if (hasManyOpen(text)) throw new Error(`more than ${MAX_OPEN_BRACKETS} brackets are open at once`)
  return parse(text, { maxAliasCount: maxAliases, logLevel: 'silent', uniqueKeys: false })
}

/** Those in texts count too: there they are pairs as well. */
function hasManyOpen(text: string): boolean {
  let open = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1)
    if (open > MAX_OPEN_BRACKETS) return true
  }
  return false
}
