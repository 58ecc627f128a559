// JSON from outside, as deep as everything that walks through its value can go.
import { isObject } from './is-object.ts'

/** As in APISIX. JSON.parse itself has no bound; what walks through a value has one, the stack. */
const MAX_DEPTH_LEVELS = 1000

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** What closes is two characters further. */
const BRACKET = 0x5b
const BRACE = 0x7b

/** The value of a text from outside; throws an Error when it is not JSON or nested deeper than 1000 levels. */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  if (isTooDeep(text)) throw new Error(`nested deeper than ${MAX_DEPTH_LEVELS} levels`)
  return value
}

/** The same; undefined when it is none, which the caller answers in its own way. */
export function parseJson(text: string): unknown {
  try {
    return readJson(text)
  } catch {
    return undefined
  }
}

/** The same where only an object will do. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

/** `text` is legal JSON: brackets stand in strings or are pairs. Characters one by one, since a regular expression takes three times as long. */
function isTooDeep(text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH_LEVELS) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) at = endOfString(text, at)
    else if (code === BRACE || code === BRACKET) depth += 1
    else if (code === BRACE + 2 || code === BRACKET + 2) depth -= 1
    if (depth > MAX_DEPTH_LEVELS) return true
  }
  return false
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}
