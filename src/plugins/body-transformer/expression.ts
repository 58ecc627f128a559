// Expressions of templates: the part of Lua's that computes values and can do nothing else. Compiled to closures; no code of a template is ever run.
//
// Values are JSON's: nil and false are undefined, null and false; lists count from 1, as in Lua. Functions are those of `FUNCTIONS`.
import { FUNCTIONS } from './functions.ts'
import { asNumber, Lookup, shown, TemplateError, toText, truthy } from './values.ts'

/** The names that an expression can see. */
export type Scope = Record<string, unknown>
export type Expression = (scope: Scope) => unknown

const TOKENS =
  /\s*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_]\w*)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>\.\.|==|~=|<=|>=|[-+*/%<>#()[\].,]))/y
const PRIORITY: Record<string, number> = {
  or: 1,
  and: 2,
  '<': 3,
  '>': 3,
  '<=': 3,
  '>=': 3,
  '~=': 3,
  '==': 3,
  '..': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '%': 6,
}
const UNARY_PRIORITY = 7
/** Brackets and signs within each other. */
const MAX_DEPTH = 50
const KEYWORDS = new Set(['and', 'or', 'not', 'nil', 'true', 'false'])
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

interface Token {
  kind: 'number' | 'name' | 'text' | 'sign'
  value: string
}

/** Throws a TemplateError that names what is not understood. */
export function compileExpression(source: string): Expression {
  return new Parser(source).whole()
}

class Parser {
  readonly #source: string
  readonly #tokens: Token[] = []
  #at = 0
  #depth = 0

  constructor(source: string) {
    this.#source = source.trim()
    TOKENS.lastIndex = 0
    while (TOKENS.lastIndex < this.#source.length) {
      const from = TOKENS.lastIndex
      const groups = TOKENS.exec(this.#source)?.groups
      if (!groups) throw this.#error(`"${this.#source.slice(from, from + 20)}" is not understood`)
      const [kind, value] = Object.entries(groups).find(([, found]) => found !== undefined) as [Token['kind'], string]
      this.#tokens.push({ kind, value })
    }
  }

  whole(): Expression {
    const expression = this.#binary(0)
    const rest = this.#tokens[this.#at]
    if (rest) throw this.#error(`"${rest.value}" is not expected here`)
    return expression
  }

  #binary(lowest: number): Expression {
    if (++this.#depth > MAX_DEPTH) throw this.#error('too many brackets within each other')
    let left = this.#unary()
    for (;;) {
      const sign = this.#tokens[this.#at]?.value ?? ''
      const priority = this.#tokens[this.#at]?.kind === 'text' ? 0 : (PRIORITY[sign] ?? 0)
      if (priority <= lowest) break
      this.#at++
      // `..` groups to the right; joining texts in either order gives the same.
      left = combine(sign, left, this.#binary(priority))
    }
    this.#depth--
    return left
  }

  #unary(): Expression {
    if (this.#take('not')) {
      const operand = this.#binary(UNARY_PRIORITY)
      return (scope) => !truthy(operand(scope))
    }
    if (this.#take('-')) {
      const operand = this.#binary(UNARY_PRIORITY)
      return (scope) => -toNumber(operand(scope))
    }
    if (this.#take('#')) {
      const operand = this.#binary(UNARY_PRIORITY)
      return (scope) => lengthOf(operand(scope))
    }
    return this.#path()
  }

  /** A value with what follows it: fields, items. */
  #path(): Expression {
    const token = this.#tokens[this.#at]
    if (!token) throw this.#error('a value is missing')
    this.#at++
    if (token.kind === 'number') return constant(Number(token.value))
    if (token.kind === 'text') return constant(unquote(token.value))
    if (token.value === '(') {
      const inner = this.#binary(0)
      this.#need(')')
      return this.#fields(inner)
    }
    if (token.kind !== 'name') throw this.#error(`"${token.value}" is not expected here`)
    if (token.value === 'true') return constant(true)
    if (token.value === 'false') return constant(false)
    if (token.value === 'nil') return constant(undefined)
    if (KEYWORDS.has(token.value)) throw this.#error(`"${token.value}" is not expected here`)
    return this.#call(token.value) ?? this.#fields(variable(token.value))
  }

  /** `name(...)` and `string.name(...)`. */
  #call(first: string): Expression | undefined {
    const [dot, second, open] = this.#tokens.slice(this.#at, this.#at + 3)
    const isDotted = dot?.value === '.' && open?.value === '(' && second?.kind === 'name'
    if (!isDotted && dot?.value !== '(') return undefined
    const name = isDotted ? `${first}.${second.value}` : first
    const run = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (!run) throw this.#error(`the function ${name} is not known; there are ${Object.keys(FUNCTIONS).join(', ')}`)
    this.#at += isDotted ? 3 : 1
    const given: Expression[] = []
    if (!this.#take(')')) {
      do given.push(this.#binary(0))
      while (this.#take(','))
      this.#need(')')
    }
    return this.#fields((scope) => run(given.map((one) => one(scope))))
  }

  #fields(of: Expression): Expression {
    let value = of
    for (;;) {
      if (this.#take('.')) {
        const token = this.#tokens[this.#at++]
        if (token?.kind !== 'name') throw this.#error('a name is missing behind "."')
        value = member(value, constant(token.value))
      } else if (this.#take('[')) {
        value = member(value, this.#binary(0))
        this.#need(']')
      } else return value
    }
  }

  #take(value: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.value !== value || token.kind === 'text') return false
    this.#at++
    return true
  }

  #need(value: string): void {
    if (!this.#take(value)) throw this.#error(`"${value}" is missing`)
  }

  #error(problem: string): TemplateError {
    return new TemplateError(`in the expression ${JSON.stringify(this.#source.slice(0, 80))}: ${problem}`)
  }
}

function constant(value: unknown): Expression {
  return () => value
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped)
}

function variable(name: string): Expression {
  return (scope) => (Object.hasOwn(scope, name) ? scope[name] : undefined)
}

function member(of: Expression, key: Expression): Expression {
  return (scope) => {
    const value = of(scope)
    const name = key(scope)
    if (value === undefined || value === null)
      throw new TemplateError(`${JSON.stringify(name)} is asked of a value that is not there`)
    if (value instanceof Lookup) return value.get(String(name))
    if (Array.isArray(value)) return typeof name === 'number' ? value[name - 1] : undefined
    if (typeof value !== 'object' || !Object.hasOwn(value, String(name))) return undefined
    return (value as Record<string, unknown>)[String(name)]
  }
}

function toNumber(value: unknown): number {
  const number = asNumber(value)
  if (number === undefined) throw new TemplateError(`${shown(value)} is not a number`)
  return number
}

function joinable(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return toText(value)
  throw new TemplateError(`${shown(value)} cannot be joined to a text`)
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  throw new TemplateError('# takes a text or a list')
}

function less(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left < right
  if (typeof left === 'string' && typeof right === 'string') return left < right
  throw new TemplateError(`${shown(left)} and ${shown(right)} cannot be compared; tonumber makes a number of a text`)
}

function same(left: unknown, right: unknown): boolean {
  return (left ?? undefined) === (right ?? undefined)
}

function combine(sign: string, left: Expression, right: Expression): Expression {
  if (sign === 'and') return (scope) => (truthy(left(scope)) ? right(scope) : left(scope))
  if (sign === 'or') return (scope) => (truthy(left(scope)) ? left(scope) : right(scope))
  const run = OPERATORS[sign] as (a: unknown, b: unknown) => unknown
  return (scope) => run(left(scope), right(scope))
}

const OPERATORS: Record<string, (left: unknown, right: unknown) => unknown> = {
  '==': same,
  '~=': (a, b) => !same(a, b),
  '<': less,
  '>': (a, b) => less(b, a),
  '<=': (a, b) => !less(b, a),
  '>=': (a, b) => !less(a, b),
  '..': (a, b) => joinable(a) + joinable(b),
  '+': (a, b) => toNumber(a) + toNumber(b),
  '-': (a, b) => toNumber(a) - toNumber(b),
  '*': (a, b) => toNumber(a) * toNumber(b),
  '/': (a, b) => toNumber(a) / toNumber(b),
  '%': (a, b) => {
    const [x, y] = [toNumber(a), toNumber(b)]
    return x - Math.floor(x / y) * y
  },
}
