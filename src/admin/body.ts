// Reads a request's body as JSON. What could harm later code is refused here, once: text that is not UTF-8, nesting without end,
// `__proto__` as a name, a name that stands twice in one object.
import { isUtf8 } from 'node:buffer'
import { escapeControls } from '../lib/json-controls.ts'
import { duplicateName } from '../lib/json-duplicates.ts'
import { explainJson } from '../lib/json-error.ts'
import type { Resource } from '../resources/kinds.ts'
import { readYaml } from '../resources/standalone.ts'
import { type AdminRequest, Refusal, refuse } from './message.ts'

const MAX_DEPTH_LEVELS = 100
const MAX_ECHO_LENGTH = 1024

/** The parsed body, undefined when there is none. Throws a Refusal (400) for anything that is not acceptable JSON. */
export function parseBody(body: Buffer): unknown {
  if (body.length === 0) return undefined
  if (!isUtf8(body)) throw new Refusal(refuse(400, 'invalid request body: the text is not UTF-8'))
  const sent = body.toString()
  const text = escapeControls(sent)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const echo = sent.length <= MAX_ECHO_LENGTH ? { req_body: sent } : {}
    throw new Refusal(refuse(400, `invalid request body: ${explainJson(sent)}`, echo))
  }
  checkShape(value)
  const twice = duplicateName(text)
  if (twice !== undefined)
    throw new Refusal(refuse(400, `invalid request body: ${JSON.stringify(twice)} stands twice in one object`))
  return value
}

/** A whole configuration, in YAML where the request says so. Undefined: there is none. */
export function parseConfiguration(request: AdminRequest): unknown {
  return /\byaml\b/.test(request.header('content-type') ?? '') ? parseYaml(request.body) : parseBody(request.body)
}

function parseYaml(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined
  if (!isUtf8(bytes)) throw new Refusal(refuse(400, 'invalid request body: the text is not UTF-8'))
  let value: unknown
  try {
    value = readYaml(bytes.toString())
  } catch (error) {
    throw new Refusal(refuse(400, `invalid request body: ${(error as Error).message.split('\n')[0]}`))
  }
  checkShape(value)
  return value
}

/** The body as an object. A list counts as an object with the names 1, 2, ..., as in Lua, so that the schema tells what is wrong. */
export function asObject(value: unknown): Resource {
  if (Array.isArray(value)) return Object.fromEntries(value.map((item, index) => [index + 1, item]))
  if (value === null || typeof value !== 'object') {
    const found = value === null ? 'null' : `a ${typeof value}`
    throw new Refusal(refuse(400, `invalid request body: expected an object, found ${found}`))
  }
  return value as Resource
}

/** Refuses what could harm later code: nesting without end, `__proto__` as a name, numbers that JSON does not have. */
export function checkShape(value: unknown, depth = 0): void {
  // JSON has no infinity: what was meant would be stored as null.
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new Refusal(refuse(400, 'invalid request body: a number is too large'))
  if (value === null || typeof value !== 'object') return
  if (depth >= MAX_DEPTH_LEVELS)
    throw new Refusal(refuse(400, `invalid request body: nested deeper than ${MAX_DEPTH_LEVELS} levels`))
  if (Array.isArray(value)) {
    for (const item of value) checkShape(item, depth + 1)
    return
  }
  for (const name of Object.keys(value)) {
    if (name === '__proto__') throw new Refusal(refuse(400, 'invalid request body: "__proto__" is not a name to use'))
    checkShape((value as Resource)[name], depth + 1)
  }
}
