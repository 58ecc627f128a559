// A list of HTTP header fields: one flat array of names and values, in the order and the case in which they came.
// Look-ups ignore case. A head has some ten fields, so that a scan is faster than an index that must be built.
import { FIELD_END, FIELD_NAME, toBytes } from '../lib/header-fields.ts'

/** Header fields in wire order. Values are bytes, a character for each, without CR, LF and NUL: the parser refuses them and `set`/`add` do too. */
export class HeaderList {
  /** name, value, name, value, ... Names keep their case; the wire code reads this array directly. */
  readonly list: string[]

  constructor(list: string[] = []) {
    this.list = list
  }

  /** Builds a list from an object or pairs; an array value gives one field for each item. */
  static from(fields: HeaderFields): HeaderList {
    const headers = new HeaderList()
    const pairs = Array.isArray(fields) ? fields : Object.entries(fields)
    for (const [name, value] of pairs) {
      for (const one of Array.isArray(value) ? value : [value]) headers.add(name, String(one))
    }
    return headers
  }

  /** The value of the first field with this lower-case name. */
  get(name: string): string | undefined {
    const at = this.#find(name, 0)
    return at < 0 ? undefined : this.list[at + 1]
  }

  /** The values of all fields with this lower-case name, in order. */
  getAll(name: string): string[] {
    const values: string[] = []
    for (let at = this.#find(name, 0); at >= 0; at = this.#find(name, at + 2)) values.push(this.list[at + 1] as string)
    return values
  }

  has(name: string): boolean {
    return this.#find(name, 0) >= 0
  }

  /** Replaces the first field of this name and removes the others; appends when there was none. */
  set(name: string, value: string): void {
    this.setLiteral(name, name.toLowerCase(), checkField(name, value))
  }

  /** The same for a name and value that the gateway's own code has written out, so that they need no check; `lower` is the name in lower case. */
  setLiteral(name: string, lower: string, value: string): void {
    const at = this.#find(lower, 0, name)
    if (at < 0) {
      this.list.push(name, value)
      return
    }
    this.list[at + 1] = value
    this.#removeFrom(lower, at + 2)
  }

  /** Appends a field and keeps those of the same name. */
  add(name: string, value: string): void {
    this.list.push(name, checkField(name, value))
  }

  /** Removes all fields of this name; tells whether there were any. */
  remove(name: string): boolean {
    return this.#removeFrom(name.toLowerCase(), 0)
  }

  /** Lower-case name and value of each field, in order. */
  *entries(): Generator<[string, string]> {
    for (let i = 0; i < this.list.length; i += 2) {
      yield [(this.list[i] as string).toLowerCase(), this.list[i + 1] as string]
    }
  }

  /**
   * Removes all fields that an upstream may read as this one: programs behind CGI or WSGI take `X_User` for `X-User`. For what the gateway
   * tells of a client, which that client must not write itself.
   */
  removeAlike(name: string): void {
    const { list } = this
    const wanted = alike(name)
    for (let i = list.length - 2; i >= 0; i -= 2) {
      const one = list[i] as string
      if (one.length === wanted.length && alike(one) === wanted) list.splice(i, 2)
    }
  }

  /** An object with lower-case names; repeated fields become an array. */
  toObject(): Record<string, string | string[]> {
    const object: Record<string, string | string[]> = Object.create(null)
    for (const [name, value] of this.entries()) {
      const before = object[name]
      object[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value]
    }
    return object
  }

  /** `usual`: the spelling that is most likely; comparing costs less than making lower case. */
  #find(lower: string, from: number, usual = lower): number {
    const { list } = this
    for (let i = from; i < list.length; i += 2) {
      const name = list[i] as string
      if (name.length === lower.length && (name === usual || name.toLowerCase() === lower)) return i
    }
    return -1
  }

  #removeFrom(lower: string, from: number): boolean {
    let at = this.#find(lower, from)
    if (at < 0) return false
    for (; at >= 0; at = this.#find(lower, at)) this.list.splice(at, 2)
    return true
  }
}

function alike(name: string): string {
  return name.toLowerCase().replaceAll('_', '-')
}

export type HeaderFields = [string, string | number][] | Record<string, string | number | (string | number)[]>

/** What a header's value cannot hold as it is: line ends, and characters of which the wire, which writes bytes, would make others. */
const NO_BYTES = /[\0\r\n\u0100-\uffff]/

/** Each plugin's header passes here: what a configuration or a variable brings must not split the message. Gives the value in bytes. */
function checkField(name: string, value: string): string {
  if (!FIELD_NAME.test(name)) throw new TypeError(`header name ${JSON.stringify(name)} is not a token`)
  if (!NO_BYTES.test(value)) return value
  if (FIELD_END.test(value)) throw new TypeError(`value of header ${name} holds CR, LF or NUL`)
  return toBytes(value)
}
