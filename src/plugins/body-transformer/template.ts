// Templates as lua-resty-template writes them: `{{ value }}` escaped for HTML, `{* value *}` as it is, `{# remark #}`, and of `{% Lua %}` what
// decides and repeats: if, elseif, else, for over pairs and ipairs or numbers, local, end, calls of methods. A statement may go on over several parts, as
// `{% if a then %}yes{% end %}` does. Everything else is refused when it is written.
import { compileExpression, type Expression, KEYWORDS, Parser, type Scope, type Token, tokenize } from './expression.ts'
import { Lookup, TemplateError, toText, truthy } from './values.ts'

/** Characters of a rendered body at most, and rounds of all loops. */
const MAX_CHARACTERS = 64 * 1024 * 1024
const MAX_ROUNDS = 1_000_000
const MAX_NESTED = 50

const HTML: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '/': '&#47;',
}
const PARTS = /\{\{([\s\S]*?)\}\}|\{\*([\s\S]*?)\*\}|\{%([\s\S]*?)%\}\n?|\{#[\s\S]*?#\}\n?/g

interface Output {
  text: string
  rounds: number
}
type Step = (scope: Scope, out: Output) => void

export type Template = (scope: Scope) => string

/** Throws a TemplateError that says what is not understood. The template throws one for values that do not fit. */
export function compileTemplate(source: string): Template {
  const steps = new Reader(source).whole()
  return (scope) => {
    const out = { text: '', rounds: 0 }
    try {
      run(steps, Object.assign(Object.create(null) as Scope, scope), out)
    } catch (error) {
      // A text or a nesting beyond what the engine can hold.
      if (error instanceof RangeError) throw new TemplateError(`the values are too large: ${error.message}`)
      throw error
    }
    return out.text
  }
}

function run(steps: readonly Step[], scope: Scope, out: Output): void {
  for (const step of steps) {
    step(scope, out)
    if (out.text.length > MAX_CHARACTERS)
      throw new TemplateError(`the result is longer than ${MAX_CHARACTERS} characters`)
  }
}

/** What a token of the kind `output` writes: text, or the value of an expression. */
type Piece = { text: string } | { value: string; escaped: boolean }

const STATEMENTS =
  'Lua is not run here; there are if, elseif, else, for ... in pairs(...) or ipairs(...), for i = a, b, local x = ..., calls of methods, end'

class Reader {
  readonly #pieces = new Map<Token, Piece>()
  readonly #locals = new Set<string>()
  readonly #in: Parser

  constructor(source: string) {
    const tokens: Token[] = []
    const write = (piece: Piece, text: string): void => {
      const token: Token = { kind: 'output', value: text, source: text }
      this.#pieces.set(token, piece)
      tokens.push(token)
    }
    let end = 0
    for (const match of source.matchAll(PARTS)) {
      if (match.index > end) write({ text: plain(source.slice(end, match.index)) }, source.slice(end, match.index))
      const [whole, escaped, raw, code] = match
      if (code !== undefined) tokens.push(...tokenize(code))
      else if (escaped !== undefined || raw !== undefined)
        write({ value: (escaped ?? raw) as string, escaped: escaped !== undefined }, whole)
      end = match.index + whole.length
    }
    if (end < source.length) write({ text: plain(source.slice(end)) }, source.slice(end))
    this.#in = new Parser(tokens, this.#locals)
  }

  whole(): Step[] {
    const steps = this.#block(0)
    const rest = this.#in.peek()
    if (rest) throw this.#in.error(`{% ${rest.value} %} has no beginning`)
    return steps
  }

  /** The steps up to the word that ends this block. */
  #block(depth: number): Step[] {
    if (depth > MAX_NESTED) throw new TemplateError(`more than ${MAX_NESTED} blocks within each other`)
    const steps: Step[] = []
    for (;;) {
      const token = this.#in.peek()
      if (!token || (token.kind === 'name' && /^(?:end|else|elseif)$/.test(token.value))) return steps
      steps.push(...this.#statement(token, depth))
    }
  }

  #statement(token: Token, depth: number): Step[] {
    const piece = this.#pieces.get(token)
    if (piece) {
      this.#in.next()
      return [
        'text' in piece ? textStep(piece.text) : valueStep(compileExpression(piece.value, this.#locals), piece.escaped),
      ]
    }
    if (this.#in.take(';')) return []
    if (this.#in.take('if')) return [this.#if(depth)]
    if (this.#in.take('for')) return [this.#for(depth)]
    if (this.#in.take('local')) return [this.#local()]
    return [this.#callStep(token)]
  }

  #local(): Step {
    const name = this.#in.name()
    this.#in.need('=')
    const value = this.#in.expression()
    this.#locals.add(name)
    return (scope) => {
      scope[name] = value(scope)
    }
  }

  /** A call for what it does: `context._multipart:set_simple(...)`. */
  #callStep(token: Token): Step {
    if (token.kind !== 'name' || KEYWORDS.has(token.value)) throw this.#in.error(STATEMENTS)
    const value = this.#in.expression()
    if (this.#in.last?.value !== ')') throw this.#in.error(STATEMENTS)
    return (scope) => {
      value(scope)
    }
  }

  #if(depth: number): Step {
    const branches: { when: Expression; steps: Step[] }[] = []
    do {
      const when = this.#in.expression()
      this.#in.need('then')
      branches.push({ when, steps: this.#block(depth + 1) })
    } while (this.#in.take('elseif'))
    const otherwise = this.#in.take('else') ? this.#block(depth + 1) : []
    this.#end()
    return (scope, out) => run(branches.find(({ when }) => truthy(when(scope)))?.steps ?? otherwise, scope, out)
  }

  #end(): void {
    if (!this.#in.take('end')) throw this.#in.error('{% end %} is missing')
  }

  #loop(depth: number): Step[] {
    this.#in.need('do')
    const steps = this.#block(depth + 1)
    this.#end()
    return steps
  }

  #for(depth: number): Step {
    const name = this.#in.name()
    this.#locals.add(name)
    if (this.#in.take('=')) return this.#count(name, depth)
    const value = this.#in.take(',') ? this.#in.name() : undefined
    if (value !== undefined) this.#locals.add(value)
    this.#in.need('in')
    if (!this.#in.take('pairs') && !this.#in.take('ipairs')) throw this.#in.error(STATEMENTS)
    return this.#each(name, value, depth)
  }

  #each(key: string, value: string | undefined, depth: number): Step {
    const of = this.#in.expression()
    const steps = this.#loop(depth)
    return (scope, out) => {
      const found = of(scope)
      if (typeof found !== 'object' || found === null || found instanceof Lookup)
        throw new TemplateError('pairs and ipairs take a list or an object')
      const each = (name: unknown, one: unknown): void => {
        round(out)
        const inner: Scope = Object.create(scope)
        inner[key] = name
        if (value !== undefined) inner[value] = one
        run(steps, inner, out)
      }
      if (Array.isArray(found)) for (let i = 0; i < found.length; i++) each(i + 1, found[i])
      else for (const [name, one] of Object.entries(found)) each(name, one)
    }
  }

  #count(name: string, depth: number): Step {
    const first = this.#in.expression()
    this.#in.need(',')
    const last = this.#in.expression()
    const steps = this.#loop(depth)
    return (scope, out) => {
      const end = Number(last(scope))
      for (let i = Number(first(scope)); i <= end; i++) {
        round(out)
        const inner: Scope = Object.create(scope)
        inner[name] = i
        run(steps, inner, out)
      }
    }
  }
}

function round(out: Output): void {
  if (++out.rounds > MAX_ROUNDS) throw new TemplateError(`more than ${MAX_ROUNDS} rounds of loops`)
}

/** What is left between the parts; a beginning without an end is no text. */
function plain(text: string): string {
  const block = /\{\([\s\S]*?\)\}|\{\[[\s\S]*?\]\}|\{-[\s\S]*?-\}/.exec(text)?.[0]
  if (block)
    throw new TemplateError(
      `${JSON.stringify(block.slice(0, 20))} includes a template or names a block: there are none here`,
    )
  const open = /\{[{*%]/.exec(text)
  if (open) throw new TemplateError(`${JSON.stringify(text.slice(open.index, open.index + 20))} does not end`)
  return text
}

function textStep(text: string): Step {
  return (_, out) => {
    out.text += text
  }
}

function valueStep(value: Expression, escaped: boolean): Step {
  return (scope, out) => {
    const found = value(scope)
    if (found === undefined) return
    const text = toText(found)
    out.text += escaped && typeof found === 'string' ? text.replace(/[&<>"'/]/g, (one) => HTML[one] as string) : text
  }
}
