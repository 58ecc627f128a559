// Expressions of templates: the part of Lua's that computes values and can do nothing else. Compiled to closures; no code of a template is ever run.
//
// Values are JSON's: nil and false are undefined, null and false; lists count from 1, as in Lua. Functions are those of `FUNCTIONS`.
import { FUNCTIONS, LIBRARIES } from './functions.ts'
import { asNumber, Callable, Lookup, shown, TemplateError, toText, truthy } from './values.ts'

/** The names that an expression can see: an object without Object's prototype, or one above such an object. */
export type Scope = Record<string, unknown>
export type Expression = (scope: Scope) => unknown

const TOKENS =
  /(?:\s|--[^\n]*)*(?:(?<number>\d+(?:\.\d+)?)|(?<name>[A-Za-z_]\w*)|(?<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?<sign>\.\.|==|~=|<=|>=|[-+*/%<>#()[\].,=:;]))/y
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
/** Lua's own words, which are no names. */
export const KEYWORDS = new Set(
  'and break do else elseif end false for function goto if in local nil not or repeat return then true until while'.split(
    ' ',
  ),
)
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t' }

/** A token of Lua, or (`output`) a part of a template between two pieces of code. */
export interface Token {
  kind: 'number' | 'name' | 'text' | 'sign' | 'output'
  value: string
  /** The piece that it stands in, for errors. */
  source: string
}

/** Throws a TemplateError that names what is not understood. */
export function compileExpression(source: string, locals: ReadonlySet<string>): Expression {
  const parser = new Parser(tokenize(source), locals)
  const expression = parser.expression()
  const rest = parser.peek()
  if (rest) throw parser.error(`"${rest.value}" is not expected here`)
  return expression
}

/** Throws a TemplateError that names what is not understood. */
export function tokenize(code: string): Token[] {
  const source = code.replace(/(?:\s|--[^\n]*)*$/, '')
  const tokens: Token[] = []
  TOKENS.lastIndex = 0
  while (TOKENS.lastIndex < source.length) {
    const from = TOKENS.lastIndex
    const groups = TOKENS.exec(source)?.groups
    if (!groups) throw unclear(source, `"${source.slice(from, from + 20)}" is not understood`)
    const [kind, value] = Object.entries(groups).find(([, found]) => found !== undefined) as [Token['kind'], string]
    tokens.push({ kind, value, source })
  }
  return tokens
}

function unclear(source: string, problem: string): TemplateError {
  return new TemplateError(source ? `in ${JSON.stringify(source.slice(0, 80))}: ${problem}` : problem)
}

/** Reads expressions out of a list of tokens; `locals` are the names that the template itself has given values. */
export class Parser {
  readonly #tokens: readonly Token[]
  readonly #locals: ReadonlySet<string>
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[], locals: ReadonlySet<string>) {
    this.#tokens = tokens
    this.#locals = locals
  }

  expression(): Expression {
    return this.#binary(0)
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  /** The token just read. */
  get last(): Token | undefined {
    return this.#tokens[this.#at - 1]
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  take(value: string): boolean {
    const token = this.peek()
    if (token?.value !== value || token.kind === 'text' || token.kind === 'output') return false
    this.#at++
    return true
  }

  need(value: string): void {
    if (!this.take(value)) throw this.error(`"${value}" is missing`)
  }

  name(): string {
    const token = this.next()
    if (token?.kind !== 'name' || KEYWORDS.has(token.value)) throw this.error('a name is missing')
    return token.value
  }

  error(problem: string): TemplateError {
    return unclear((this.peek() ?? this.last)?.source ?? '', problem)
  }

  #binary(lowest: number): Expression {
    if (++this.#depth > MAX_DEPTH) throw this.error('too many brackets within each other')
    let left = this.#unary()
    for (;;) {
      const { kind, value: sign } = this.peek() ?? { kind: 'text', value: '' }
      const priority = kind === 'text' || kind === 'output' ? 0 : (PRIORITY[sign] ?? 0)
      if (priority <= lowest) break
      this.#at++
      // `..` groups to the right; joining texts in either order gives the same.
      left = combine(sign, left, this.#binary(priority))
    }
    this.#depth--
    return left
  }

  #unary(): Expression {
    if (this.take('not')) {
      const operand = this.#binary(UNARY_PRIORITY)
      return (scope) => !truthy(operand(scope))
    }
    if (this.take('-')) {
      const operand = this.#binary(UNARY_PRIORITY)
      return (scope) => -toNumber(operand(scope))
    }
    if (this.take('#')) {
      const operand = this.#binary(UNARY_PRIORITY)
      return (scope) => lengthOf(operand(scope))
    }
    return this.#path()
  }

  /** A value with what follows it: fields, items, calls. */
  #path(): Expression {
    const token = this.next()
    if (!token) throw this.error('a value is missing')
    if (token.kind === 'number') return constant(Number(token.value))
    if (token.kind === 'text') return constant(unquote(token.value))
    if (token.value === '(') {
      const inner = this.#binary(0)
      this.need(')')
      return this.#members(inner, false)
    }
    if (token.kind !== 'name') throw this.error(`"${token.value}" is not expected here`)
    if (token.value === 'true') return constant(true)
    if (token.value === 'false') return constant(false)
    if (token.value === 'nil') return constant(undefined)
    if (KEYWORDS.has(token.value)) throw this.error(`"${token.value}" is not expected here`)
    if (token.value === 'require') return constant(this.#library())
    return this.#call(token.value) ?? this.#members(variable(token.value), this.#locals.has(token.value))
  }

  /** `name(...)` and `string.name(...)`. */
  #call(first: string): Expression | undefined {
    if (this.#locals.has(first)) return undefined
    const [dot, second, open] = this.#tokens.slice(this.#at, this.#at + 3)
    const isDotted = dot?.value === '.' && open?.value === '(' && second?.kind === 'name'
    if (!isDotted && dot?.value !== '(') return undefined
    const name = isDotted ? `${first}.${second.value}` : first
    const run = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
    if (!run) throw this.error(`the function ${name} is not known; there are ${Object.keys(FUNCTIONS).join(', ')}`)
    this.#at += isDotted ? 2 : 0
    const given = this.#given()
    return this.#members((scope) => run(given.map((one) => one(scope))), false)
  }

  #given(): Expression[] {
    this.need('(')
    const given: Expression[] = []
    if (this.take(')')) return given
    do given.push(this.#binary(0))
    while (this.take(','))
    this.need(')')
    return given
  }

  /** What `require` gives: only what is known here, so that nothing is ever loaded. */
  #library(): Lookup {
    const open = this.take('(')
    const token = this.next()
    const name = token?.kind === 'text' ? unquote(token.value) : ''
    if (open) this.need(')')
    const library = LIBRARIES.get(name)
    if (!library) throw this.error(`require takes one of ${[...LIBRARIES.keys()].join(', ')}: Lua is not run here`)
    return library
  }

  /** `isLocal`: what a template has named itself may be a library with functions. */
  #members(of: Expression, isLocal: boolean): Expression {
    let value = of
    for (;;) {
      if (this.take('.')) {
        const token = this.next()
        if (token?.kind !== 'name') throw this.error('a name is missing behind "."')
        value = member(value, constant(token.value))
      } else if (this.take('[')) {
        value = member(value, this.#binary(0))
        this.need(']')
      } else if (this.take(':')) {
        value = methodCall(value, this.name(), this.#given())
      } else if (this.peek()?.value === '(' && this.peek()?.kind === 'sign') {
        if (!isLocal) throw this.error('this is no function that is known')
        value = call(value, this.#given())
      } else return value
    }
  }
}

function call(of: Expression, given: Expression[]): Expression {
  return (scope) => {
    const run = of(scope)
    if (!(run instanceof Callable)) throw new TemplateError(`${shown(run)} is no function`)
    return run.run(given.map((one) => one(scope)))
  }
}

/** `text:upper()` is `string.upper(text)`; other values have methods when they are the gateway's own. */
function methodCall(of: Expression, name: string, given: Expression[]): Expression {
  return (scope) => {
    const self = of(scope)
    const values = given.map((one) => one(scope))
    const ofText = `string.${name}`
    if (typeof self === 'string' && Object.hasOwn(FUNCTIONS, ofText)) return FUNCTIONS[ofText]?.([self, ...values])
    const method = self instanceof Lookup ? self.get(name) : undefined
    if (!(method instanceof Callable)) throw new TemplateError(`${shown(self)} has no method ${name}`)
    return method.run(values)
  }
}

function constant(value: unknown): Expression {
  return () => value
}

function unquote(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped)
}

function variable(name: string): Expression {
  return (scope) => scope[name]
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
