// Templates as lua-resty-template writes them: `{{ value }}` escaped for HTML, `{* value *}` as it is, `{# remark #}`, and of `{% Lua %}` what
// decides and repeats: if, elseif, else, for over pairs and ipairs or numbers, local, end. Everything else is refused when it is written.
import { compileExpression, type Expression, type Scope } from './expression.ts'
import { TemplateError, toText, truthy } from './values.ts'

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
const NAME = '[A-Za-z_]\\w*'
const FOR_IN = new RegExp(
  `^for\\s+(${NAME})(?:\\s*,\\s*(${NAME}))?\\s+in\\s+(pairs|ipairs)\\s*\\(([\\s\\S]*)\\)\\s*do$`,
)
const FOR_TO = new RegExp(`^for\\s+(${NAME})\\s*=\\s*([\\s\\S]+?)\\s*,\\s*([\\s\\S]+?)\\s*do$`)
const LOCAL = new RegExp(`^local\\s+(${NAME})\\s*=\\s*([\\s\\S]+)$`)

interface Output {
  text: string
  rounds: number
}
type Step = (scope: Scope, out: Output) => void

export type Template = (scope: Scope) => string

/** Throws a TemplateError that says what is not understood. The template throws one for values that do not fit. */
export function compileTemplate(source: string): Template {
  const reader = new Reader(source)
  const steps = reader.block(0)
  return (scope) => {
    const out = { text: '', rounds: 0 }
    run(steps, Object.assign(Object.create(null) as Scope, scope), out)
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

type Piece = { text: string } | { value: string; escaped: boolean } | { code: string }

class Reader {
  readonly #pieces: Piece[] = []
  #at = 0

  constructor(source: string) {
    let end = 0
    for (const match of source.matchAll(PARTS)) {
      if (match.index > end) this.#pieces.push({ text: plain(source.slice(end, match.index)) })
      const [whole, escaped, raw, code] = match
      if (escaped !== undefined) this.#pieces.push({ value: escaped, escaped: true })
      else if (raw !== undefined) this.#pieces.push({ value: raw, escaped: false })
      else if (code !== undefined) this.#pieces.push({ code: code.trim() })
      end = match.index + whole.length
    }
    if (end < source.length) this.#pieces.push({ text: plain(source.slice(end)) })
  }

  /** The steps up to the code that ends this block; `depth` 0 is the whole template. */
  block(depth: number): Step[] {
    if (depth > MAX_NESTED) throw new TemplateError(`more than ${MAX_NESTED} blocks within each other`)
    const steps: Step[] = []
    for (; this.#at < this.#pieces.length; this.#at++) {
      const piece = this.#pieces[this.#at] as Piece
      if ('text' in piece) steps.push(textStep(piece.text))
      else if ('value' in piece) steps.push(valueStep(compileExpression(piece.value), piece.escaped))
      else if (/^(?:end|else|elseif\b[\s\S]*)$/.test(piece.code)) {
        if (depth > 0) return steps
        throw new TemplateError(`{% ${piece.code} %} has no beginning`)
      } else if (piece.code) steps.push(this.#code(piece.code, depth))
    }
    if (depth > 0) throw new TemplateError('{% end %} is missing')
    return steps
  }

  #code(code: string, depth: number): Step {
    this.#at++
    if (/^if\b/.test(code)) return this.#if(code, depth)
    const each = FOR_IN.exec(code)
    if (each) return this.#each(each as unknown as [string, string, string | undefined, string, string], depth)
    const count = FOR_TO.exec(code)
    if (count) return this.#count(count as unknown as [string, string, string, string], depth)
    this.#at--
    const local = LOCAL.exec(code)
    if (local) {
      const [name, value] = [local[1] as string, compileExpression(local[2] as string)]
      return (scope) => {
        scope[name] = value(scope)
      }
    }
    throw new TemplateError(
      `{% ${code.slice(0, 80)} %} is not understood: Lua is not run here; there are if, elseif, else, for ... in pairs(...) or ipairs(...), for i = a, b, local x = ..., end`,
    )
  }

  #if(code: string, depth: number): Step {
    const branches: { when: Expression; steps: Step[] }[] = []
    for (let head = code; ; ) {
      const condition = /^(?:else)?if\b([\s\S]*)\bthen$/.exec(head)?.[1]
      if (head !== 'else' && condition === undefined)
        throw new TemplateError(`{% ${head.slice(0, 80)} %} has no "then"`)
      const when = condition === undefined ? () => true : compileExpression(condition)
      branches.push({ when, steps: this.block(depth + 1) })
      const { code: next } = this.#pieces[this.#at] as { code: string }
      if (next === 'end') break
      if (head === 'else') throw new TemplateError(`{% ${next} %} stands behind {% else %}`)
      head = next
      this.#at++
    }
    return (scope, out) => run(branches.find(({ when }) => truthy(when(scope)))?.steps ?? [], scope, out)
  }

  #loop(depth: number): Step[] {
    const steps = this.block(depth + 1)
    const { code } = this.#pieces[this.#at] as { code: string }
    if (code !== 'end') throw new TemplateError(`{% ${code} %} stands in a loop, which ends with {% end %}`)
    return steps
  }

  #each([, key, value, , source]: [string, string, string | undefined, string, string], depth: number): Step {
    const of = compileExpression(source)
    const steps = this.#loop(depth)
    return (scope, out) => {
      const found = of(scope)
      if (typeof found !== 'object' || found === null)
        throw new TemplateError('pairs and ipairs take a list or an object')
      const items: [unknown, unknown][] = Array.isArray(found)
        ? found.map((one, i) => [i + 1, one])
        : Object.entries(found)
      for (const [name, one] of items) {
        const inner: Scope = Object.assign(Object.create(null), scope, { [key]: name })
        if (value !== undefined) inner[value] = one
        round(out)
        run(steps, inner, out)
      }
    }
  }

  #count([, name, from, to]: [string, string, string, string], depth: number): Step {
    const [first, last] = [compileExpression(from), compileExpression(to)]
    const steps = this.#loop(depth)
    return (scope, out) => {
      const end = Number(last(scope))
      for (let i = Number(first(scope)); i <= end; i++) {
        round(out)
        run(steps, Object.assign(Object.create(null), scope, { [name]: i }), out)
      }
    }
  }
}

function round(out: Output): void {
  if (++out.rounds > MAX_ROUNDS) throw new TemplateError(`more than ${MAX_ROUNDS} rounds of loops`)
}

/** What is left between the parts; a beginning without an end is no text. */
function plain(text: string): string {
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
