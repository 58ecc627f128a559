// The input of an operation, whoever sends it: values that came as text are read, defaults filled in, and everything that is wrong is told at once
// with the field's place, so that nothing is accepted and ignored.
import Value from 'typebox/value'
import { nearest } from '../lib/nearest.ts'
import { coerce } from './coerce.ts'
import { type Operation, OperationError } from './contract.ts'

const MAX_PROBLEMS = 10

/** The input as the operation's schema wants it. Throws `invalid` with every problem. */
export function checkInput({ name, input: schema }: Operation, given: unknown): unknown {
  const { properties = {} } = schema as { properties?: Record<string, { default?: unknown }> }
  const known = Object.keys(properties)
  const read = coerce(schema, given ?? {})
  if (read === null || typeof read !== 'object' || Array.isArray(read))
    throw new OperationError('invalid', `${name} takes an object with ${known.join(', ') || 'no members'}`)
  const defaults = known
    .filter((one) => properties[one]?.default !== undefined)
    .map((one) => [one, properties[one]?.default])
  const sent = Object.entries(read).filter(([, value]) => value !== undefined && value !== null)
  const problems = sent
    .filter(([one]) => !known.includes(one))
    .map(([one]) => {
      const meant = nearest(one, known)
      return `${one} is no member of it${meant ? `; did you mean ${meant}?` : ''}`
    })
  const value = { ...Object.fromEntries(defaults), ...Object.fromEntries(sent) }
  for (const error of Value.Errors(schema, value)) problems.push(describe(error, valueAt(value, error.instancePath)))
  if (!problems.length) return value
  const told = [...new Set(problems)].slice(0, MAX_PROBLEMS)
  throw new OperationError('invalid', `${name}: ${told.join('; ')}`, told)
}

/** What the library leaves open is said: which values there are, which members are missing. */
function describe(
  { keyword, instancePath, params, message }: ReturnType<typeof Value.Errors>[number],
  found: unknown,
): string {
  const place = instancePath || 'it'
  if (keyword === 'enum') {
    const meant = typeof found === 'string' ? nearest(found, params.allowedValues.map(String)) : undefined
    return `${place} must be one of ${params.allowedValues.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`
  }
  if (keyword === 'pattern' && String(params.pattern) === '^/') return `${place} must begin with /`
  if (keyword === 'required') return `${place} needs ${params.requiredProperties.join(', ')}`
  return `${place} ${message}`
}

function valueAt(value: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((one, name) => (one as Record<string, unknown> | undefined)?.[name], value)
}
