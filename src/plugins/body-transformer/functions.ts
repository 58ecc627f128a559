// The functions of templates: APISIX's helpers, what of Lua's string library gives a value back without patterns, and of the libraries that APISIX
// brings along those that read and write bodies.
import { readJson } from '../../lib/parse-json.ts'
import { readYaml } from '../../lib/parse-yaml.ts'
import { asNumber, Callable, Lookup, shown, TemplateError, toText } from './values.ts'

type TemplateFunction = (given: unknown[]) => unknown

const XML: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;', '"': '&quot;' }
/** Characters that Lua's patterns give a meaning. */
const MAGIC = /[\^$()%.[\]*+?]/
const MAX_REPEATED_CHARACTERS = 1024 * 1024
/** YAML aliases, which could make a short text a long value. */
const MAX_ALIASES = 100

function text(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return toText(value)
  throw new TemplateError(`a text is expected, found ${shown(value)}`)
}

/** Lua's positions count from 1, negative ones from the end. */
function sub([value, from, to = -1]: unknown[]): string {
  const whole = text(value)
  const place = (at: unknown): number => (Number(at) < 0 ? whole.length + Number(at) + 1 : Number(at))
  return whole.slice(Math.max(1, place(from)) - 1, Math.max(0, place(to)))
}

function replaceAll([value, wanted, replacement]: unknown[]): string {
  const [whole, found, by] = [text(value), text(wanted), text(replacement)]
  if (MAGIC.test(found) || by.includes('%'))
    throw new TemplateError("string.gsub takes plain texts here, without the characters of Lua's patterns")
  return found ? whole.replaceAll(found, () => by) : whole
}

function repeat([value, count]: unknown[]): string {
  const [whole, times] = [text(value), Math.max(0, Math.trunc(Number(count) || 0))]
  if (whole.length * times > MAX_REPEATED_CHARACTERS)
    throw new TemplateError('string.rep makes a text that is too long')
  return whole.repeat(times)
}

export const FUNCTIONS: Record<string, TemplateFunction> = {
  _escape_json: ([value]) => JSON.stringify(value ?? null),
  _escape_xml: ([value]) => text(value).replace(/[&<>'"]/g, (found) => XML[found] as string),
  tostring: ([value]) => toText(value),
  tonumber: ([value]) => asNumber(value),
  'string.lower': ([value]) => text(value).toLowerCase(),
  'string.upper': ([value]) => text(value).toUpperCase(),
  'string.len': ([value]) => Buffer.byteLength(text(value)),
  'string.sub': sub,
  'string.rep': repeat,
  'string.gsub': replaceAll,
}

function library(members: Record<string, TemplateFunction | Lookup>): Lookup {
  const all = new Map(
    Object.entries(members).map(([name, one]) => [name, typeof one === 'function' ? new Callable(one) : one]),
  )
  return new Lookup((name) => all.get(name))
}

function read(what: string, value: unknown, by: (text: string) => unknown): unknown {
  try {
    return by(text(value))
  } catch (error) {
    if (error instanceof TemplateError) throw error
    throw new TemplateError(`it is no ${what}: ${(error as Error).message}`)
  }
}

const json = library({
  encode: ([value]) => JSON.stringify(value ?? null),
  decode: ([value]) => read('JSON', value, readJson),
})

/** What `require` gives, by the names that APISIX's templates use. */
export const LIBRARIES: ReadonlyMap<string, Lookup> = new Map([
  ['tinyyaml', library({ parse: ([value]) => read('YAML', value, (one) => readYaml(one, MAX_ALIASES)) })],
  ['cjson', json],
  ['cjson.safe', json],
  ['apisix.core', library({ json })],
])
