// JSON from outside, as deep as everything that walks through its value can go.
import { isObject } from './is-object.ts'

/** As in APISIX. JSON.parse itself has no bound; what walks through a value has one, the stack. */
const MAX_DEPTH_LEVELS = 1000

/**
 * V8 finds a member by the hash of its name, which beyond some 16,000 characters is nothing but its length: 2000 such names, compared with one
 * another, took 8 s. Bodies below LONG_TEXT_CHARS have no room for many.
 */
const LONG_NAME_CHARS = 16_000
const MAX_LONG_NAMES = 100
const LONG_TEXT_CHARS = LONG_NAME_CHARS * MAX_LONG_NAMES

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
/** What closes is two characters further. */
const BRACKET = 0x5b
const BRACE = 0x7b

/** The value of a text from outside; throws an Error when it is not JSON, nested deeper than 1000 levels, or made of names without end. */
export function readJson(text: string): unknown {
  if (text.length > LONG_TEXT_CHARS && hasManyLongNames(text))
    throw new Error(`more than ${MAX_LONG_NAMES} members have names of over ${LONG_NAME_CHARS} characters`)
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

/** Of any text: what is no JSON has no members, but must not hold us up. */
function hasManyLongNames(text: string): boolean {
  let found = 0
  for (let start = text.indexOf('"'); start >= 0; ) {
    const end = endOfString(text, start)
    if (end - start > LONG_NAME_CHARS && isBeforeColon(text, end) && ++found > MAX_LONG_NAMES) return true
    start = text.indexOf('"', end + 1)
  }
  return false
}

function isBeforeColon(text: string, end: number): boolean {
  let at = end + 1
  while (text.charCodeAt(at) <= 0x20) at++
  return text.charCodeAt(at) === COLON
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1
  return at
}
