// APISIX's expressions over variables: `[["arg_version", "==", "2"], ["http_x", "!", "in", ["a", "b"]]]`, with nested `["OR", [...], [...]]`.
// Compiled once into one function. Semantics follow recordings of APISIX: values of a request are text, so that a number in a list of `in`
// never equals one; an absent variable fails every comparison, and so passes every negated one. Only what a body holds has other types.
import { boundedRegex } from '../../lib/bounded-regex.ts'
import { CidrSet } from '../../lib/cidr.ts'
import { compileJsonPath } from '../../lib/json-path.ts'

type Read = (name: string) => unknown
type Test = (read: Read) => boolean

const LOGIC: Record<string, (tests: Test[]) => Test> = {
  AND: (tests) => (read) => tests.every((test) => test(read)),
  OR: (tests) => (read) => tests.some((test) => test(read)),
  '!AND': (tests) => (read) => !tests.every((test) => test(read)),
  '!OR': (tests) => (read) => !tests.some((test) => test(read)),
}

/** Compiles an expression; throws an Error that says what is wrong with it. */
export function compileVars(expression: unknown[]): (read: Read) => boolean {
  return compileList(expression)
}

/** What is wrong with an expression, as APISIX would say it; undefined when it is right. */
export function checkVars(expression: unknown): string | undefined {
  try {
    if (!Array.isArray(expression)) throw new Error('expression must be a list')
    compileVars(expression)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

function compileList(expression: unknown[]): Test {
  const [head] = expression
  const logic = typeof head === 'string' ? LOGIC[head.toUpperCase()] : undefined
  if (!logic) return (LOGIC.AND as (tests: Test[]) => Test)(expression.map(compileOne))
  if (expression.length < 3) throw new Error(`rule too short: '${String(head)}' joins two conditions or more`)
  return logic(expression.slice(1).map(compileOne))
}

function compileOne(condition: unknown): Test {
  if (!Array.isArray(condition)) throw new Error('rule should be wrapped inside brackets')
  const [name, operator, ...rest] = condition as unknown[]
  if (Array.isArray(name)) return compileList(condition as unknown[])
  if (typeof name !== 'string') throw new Error('the name of a variable must be a string')
  if (name.toUpperCase() in LOGIC) return compileList(condition as unknown[])
  if (operator === '!') {
    const [negated, ...operands] = rest
    const test = compileComparison(name, negated, operands)
    return (read) => !test(read)
  }
  // An older form: a name and the value that it must have.
  if (typeof operator === 'string' && rest.length === 0 && !(operator.toLowerCase() in OPERATORS))
    return compileComparison(name, '==', [operator])
  return compileComparison(name, operator, rest)
}

function compileComparison(name: string, operator: unknown, operands: unknown[]): Test {
  const make = typeof operator === 'string' ? OPERATORS[operator.toLowerCase()] : undefined
  if (!make) throw new Error(`invalid operator '${String(operator)}'`)
  if (operands.length !== 1) throw new Error(`operator '${String(operator)}' takes one operand`)
  if (/^post_arg\..*(?:[[*]|\.\.)/.test(name)) compileJsonPath(`$.${name.slice('post_arg.'.length)}`)
  const test = make(operands[0])
  return (read) => test(read(name))
}

const OPERATORS: Record<string, (operand: unknown) => (value: unknown) => boolean> = {
  '==': (operand) => (value) => equal(value, operand),
  '~=': (operand) => (value) => !equal(value, operand),
  '>': (operand) => (value) => compare(value, operand, (a, b) => a > b),
  '>=': (operand) => (value) => compare(value, operand, (a, b) => a >= b),
  '<': (operand) => (value) => compare(value, operand, (a, b) => a < b),
  '<=': (operand) => (value) => compare(value, operand, (a, b) => a <= b),
  '~~': (operand) => matches(operand, ''),
  '~*': (operand) => matches(operand, 'i'),
  '!~~': (operand) => negate(matches(operand, '')),
  in: (operand) => {
    const list = operand
    if (!Array.isArray(list)) throw new Error("operator 'in' takes a list")
    return (value) => value !== undefined && list.some((one) => one === value)
  },
  has: (operand) => (value) => Array.isArray(value) && value.includes(operand),
  ipmatch: (operand) => {
    const set = CidrSet.from(Array.isArray(operand) ? (operand as string[]) : [String(operand)])
    return (value) => typeof value === 'string' && set.has(value)
  },
}

function negate(test: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => !test(value)
}

/** A number as operand makes a number of the value; otherwise a text and a number are never equal. */
function equal(value: unknown, operand: unknown): boolean {
  if (value === undefined || value === null) return operand === null
  return typeof operand === 'number' ? toNumber(value) === operand : value === operand
}

function compare(value: unknown, operand: unknown, test: (a: number, b: number) => boolean): boolean {
  const a = toNumber(value)
  const b = toNumber(operand)
  return !Number.isNaN(a) && !Number.isNaN(b) && test(a, b)
}

/** NaN for what is neither a number nor the text of one. */
function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'string' && value.trim() !== '' ? Number(value) : Number.NaN
}

function matches(pattern: unknown, flags: string): (value: unknown) => boolean {
  if (typeof pattern !== 'string') throw new Error('a regular expression must be a string')
  const regex = compileRegex(pattern, flags)
  return (value) => (typeof value === 'string' || typeof value === 'number') && regex.test(String(value))
}

/** PCRE's most used extras are translated: inline `(?i)`, possessive and named forms that JavaScript spells otherwise. No text takes it long. */
export function compileRegex(pattern: string, flags = ''): RegExp {
  let source = pattern
  let all = flags
  const inline = /^\(\?([ims]+)\)/.exec(source)
  if (inline) {
    source = source.slice(inline[0].length)
    all = [...new Set(all + inline[1])].join('')
  }
  source = source
    .replace(/\(\?P</g, '(?<')
    .replace(/\\A/g, '^')
    .replace(/\\[zZ]/g, '$')
    .replace(/\\h/g, '[ \\t]')
  try {
    return boundedRegex(source, all)
  } catch (error) {
    throw new Error(`invalid regular expression ${JSON.stringify(pattern)}: ${(error as Error).message}`)
  }
}
