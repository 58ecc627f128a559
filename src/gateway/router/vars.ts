// APISIX's expressions over variables: `[["arg_version", "==", "2"], ["http_x", "!", "in", ["a", "b"]]]`, with nested `["OR", [...], [...]]`.
// Compiled once into one function. Semantics follow recordings of APISIX: values of a request are text, so that a number in a list of `in`
// never equals one; an absent variable fails every comparison, and so passes every negated one.
import { boundedRegex } from '../../lib/bounded-regex.ts'
import { CidrSet } from '../../lib/cidr.ts'

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
  if (typeof head === 'string' && head.toUpperCase() in LOGIC) {
    const tests = expression.slice(1).map(compileOne)
    if (tests.length < 1) throw new Error('too few conditions for a logical operator')
    return (LOGIC[head.toUpperCase()] as (tests: Test[]) => Test)(tests)
  }
  const tests = expression.map(compileOne)
  return (LOGIC.AND as (tests: Test[]) => Test)(tests)
}

function compileOne(condition: unknown): Test {
  if (!Array.isArray(condition)) throw new Error('rule should be wrapped inside brackets')
  const [name, operator, ...rest] = condition as unknown[]
  if (typeof name !== 'string') throw new Error('the name of a variable must be a string')
  if (name.toUpperCase() in LOGIC) return compileList(condition as unknown[])
  if (operator === '!') {
    const [negated, ...operands] = rest
    const test = compileComparison(name, negated, operands)
    return (read) => !test(read)
  }
  return compileComparison(name, operator, rest)
}

function compileComparison(name: string, operator: unknown, operands: unknown[]): Test {
  const make = typeof operator === 'string' ? OPERATORS[operator.toLowerCase()] : undefined
  if (!make) throw new Error(`invalid operator '${String(operator)}'`)
  if (operands.length !== 1) throw new Error(`operator '${String(operator)}' takes one operand`)
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
  has: (operand) => (value) => {
    if (Array.isArray(value)) return value.includes(operand)
    return typeof value === 'string' && value.split(',').some((part) => part.trim() === operand)
  },
  ipmatch: (operand) => {
    const set = CidrSet.from(Array.isArray(operand) ? (operand as string[]) : [String(operand)])
    return (value) => typeof value === 'string' && set.has(value)
  },
}

function negate(test: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => !test(value)
}

/** Text and numbers compare by their text when one of them is a number, as Lua's tostring would show it. */
function equal(value: unknown, operand: unknown): boolean {
  if (value === undefined || value === null) return operand === null
  if (typeof operand === 'number') return Number(value) === operand && String(value).trim() !== ''
  return value === operand || (typeof value === 'number' && String(value) === operand)
}

function compare(value: unknown, operand: unknown, test: (a: number, b: number) => boolean): boolean {
  if (value === undefined || value === null || String(value).trim() === '') return false
  const a = Number(value)
  const b = Number(operand)
  return !Number.isNaN(a) && !Number.isNaN(b) && test(a, b)
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
