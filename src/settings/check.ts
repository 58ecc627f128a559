// Checks settings against the schema and says each problem so that it can be repaired: where, what was found, what is expected.

import { isIP } from 'node:net'
import { Ajv, type ErrorObject } from 'ajv'
import { parseAddress } from '../lib/address.ts'
import { isCipherList } from '../lib/cipher-list.ts'
import { nearest } from '../lib/nearest.ts'
import { findContradictions } from './contradictions.ts'
import { expectedOf, type Schema, schemaAt } from './fields.ts'
import { type Settings, SettingsSchema } from './schema.ts'

const MAX_FOUND_LENGTH = 80

const ajv = new Ajv({
  allErrors: true,
  useDefaults: true,
  verbose: true,
  // Compiled once at every start: checking our own schema and shortening the code would take three quarters of the time.
  validateSchema: false,
  code: { optimize: false },
  keywords: ['expected'],
  formats: {
    address: (value: string) => parseAddress(value) !== undefined,
    'address-or-off': (value: string) => value === 'off' || parseAddress(value) !== undefined,
    'http-url': (value: string) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    network: isNetwork,
    'name-server': (value: string) => isIP(parseAddress(value)?.host ?? '') !== 0,
    ciphers: isCipherList,
  },
})
const validate = ajv.compile(SettingsSchema)

/** Fills defaults into `tree` and answers the problems. `sources`: where a path's value comes from; `file`: where unknown names can only be from. */
export function checkSettings(tree: unknown, sources: Map<string, string>, file: string): string[] {
  if (validate(tree))
    return findContradictions(tree as Settings, sources).map(({ path, problem }) => {
      const origin = sourceOf(path.split('.'), sources) ?? file
      return `${origin}: ${path}: ${problem}`
    })
  const problems = (validate.errors ?? []).flatMap((error) => describe(error, sources, file) ?? [])
  return [...new Set(problems)]
}

function describe(error: ErrorObject, sources: Map<string, string>, file: string): string | undefined {
  const path = error.instancePath.split('/').slice(1)
  // The branches of a choice fail one by one; the choice itself is reported once.
  if (error.keyword === 'const') return undefined
  const place = path.join('.')
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty)
    const meant = nearest(name, Object.keys((error.parentSchema as Schema).properties ?? {}))
    const full = [...path, name].join('.')
    return `${file}: ${full} is not a setting${meant ? `: did you mean ${[...path, meant].join('.')}?` : ': see docs/settings.md'}`
  }
  if (error.keyword === 'required')
    return `${file}: ${place}.${error.params.missingProperty}: found nothing, expected a value`
  if (error.keyword === 'dependencies') {
    const { property, missingProperty } = error.params as { property: string; missingProperty: string }
    const origin = sourceOf([...path, property], sources) ?? file
    return `${origin}: ${place}.${property}: found no ${place}.${missingProperty} beside it, expected both or none`
  }
  const schema = schemaAt(path)
  // A section has no variable and no flag.
  const origin = sourceOf(path, sources) ?? file
  const expected = error.keyword === 'minItems' ? `at least ${error.params.limit} entries` : expectedOf(schema ?? {})
  const found = schema?.writeOnly ? 'a value that is not shown' : show(error.data)
  return `${origin}: ${place}: found ${found}, expected ${expected}`
}

function sourceOf(path: string[], sources: Map<string, string>): string | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const source = sources.get(path.slice(0, length).join('.'))
    if (source) return source
  }
  return undefined
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > MAX_FOUND_LENGTH ? `${text.slice(0, MAX_FOUND_LENGTH)}...` : text
}

function isNetwork(value: string): boolean {
  const [host = '', bits, rest] = value.split('/')
  const family = isIP(host)
  if (family === 0 || rest !== undefined) return false
  if (bits === undefined) return true
  if (!/^\d{1,3}$/.test(bits)) return false
  return Number(bits) <= (family === 4 ? 32 : 128)
}
