// A body of several parts (RFC 2046 5.1): its fields as values, and the part of lua-multipart's interface with which templates change one.
import { isUtf8 } from 'node:buffer'
import { DecodeError, type Values } from './decode.ts'
import { Callable, Lookup, TemplateError, toText } from './values.ts'

interface Part {
  name: string | undefined
  /** Lines before the empty one. */
  head: string
  body: string
}

const MAX_PARTS = 1000
const BOUNDARY = /\bboundary=(?:"([^"]{1,70})"|([^\s;,"]{1,70}))/i

export class Multipart {
  readonly #boundary: string
  readonly #isText: boolean
  readonly #parts: Part[]

  /** Throws a DecodeError that says what is wrong with the body. */
  constructor(body: Buffer, type: string | undefined) {
    const found = BOUNDARY.exec(type ?? '')
    if (!found) throw new DecodeError('no multipart body: its Content-Type names no boundary')
    this.#boundary = (found[1] ?? found[2]) as string
    this.#isText = isUtf8(body)
    this.#parts = partsOf(body.toString(this.#isText ? 'utf8' : 'latin1'), this.#boundary)
  }

  /** The fields: a repeated name gives a list, a file is its text. */
  values(): Values {
    const values: Values = Object.create(null)
    for (const { name, body } of this.#parts) {
      if (name === undefined) continue
      const before = values[name]
      if (before === undefined) values[name] = body
      else if (Array.isArray(before)) before.push(body)
      else values[name] = [before, body]
    }
    return values
  }

  /** `_multipart` of a template. */
  get methods(): Lookup {
    const methods: Record<string, (given: unknown[]) => unknown> = {
      set_simple: ([name, value, filename, type]) => this.#set(toText(name), toText(value), filename, type),
      delete: ([name]) => this.#delete(toText(name)),
      tostring: () => this.#text(),
    }
    return new Lookup((name) => {
      const method = Object.hasOwn(methods, name) ? methods[name] : undefined
      return method && new Callable(method)
    })
  }

  #set(name: string, body: string, filename: unknown, type: unknown): void {
    const told = [
      `name="${quoted(name)}"`,
      ...(filename === undefined ? [] : [`filename="${quoted(toText(filename))}"`]),
    ]
    const head = [`Content-Disposition: form-data; ${told.join('; ')}`]
    if (type !== undefined) head.push(`Content-Type: ${toText(type).replace(/[\r\n]/g, ' ')}`)
    const part = { name, head: head.join('\r\n'), body }
    const at = this.#parts.findIndex((one) => one.name === name)
    if (at >= 0) this.#parts[at] = part
    else this.#parts.push(part)
  }

  #delete(name: string): void {
    const kept = this.#parts.filter((part) => part.name !== name)
    this.#parts.splice(0, this.#parts.length, ...kept)
  }

  #text(): string {
    if (!this.#isText)
      throw new TemplateError('the multipart body holds bytes that are no text, which a template cannot write')
    const parts = this.#parts.map(({ head, body }) => `--${this.#boundary}\r\n${head}\r\n\r\n${body}\r\n`)
    return `${parts.join('')}--${this.#boundary}--\r\n`
  }
}

function partsOf(text: string, boundary: string): Part[] {
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`, MAX_PARTS + 2)
  const end = pieces.findIndex((piece, i) => i > 0 && piece.startsWith('--'))
  if (end < 1) {
    const problem = pieces.length > MAX_PARTS ? `it has more than ${MAX_PARTS} parts` : 'its last boundary is missing'
    throw new DecodeError(`no multipart body: ${problem}`)
  }
  return pieces.slice(1, end).map((piece) => {
    const mark = piece.indexOf('\r\n\r\n')
    if (mark < 0) throw new DecodeError('no multipart body: a part has no empty line behind its head')
    const head = piece.slice(0, mark).replace(/^[ \t]*\r\n/, '')
    const name = /^content-disposition:[^\r\n]*?[;\s]name=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/im.exec(head)
    return { name: name?.[1]?.replace(/\\(.)/g, '$1') ?? name?.[2], head, body: piece.slice(mark + 4) }
  })
}

/** As browsers write names: what would end them is percent-encoded. */
function quoted(text: string): string {
  return text.replace(/[\r\n"]/g, encodeURIComponent)
}
