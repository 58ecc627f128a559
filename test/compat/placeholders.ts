// Values that differ from run to run: filled into requests (`{{gateway}}`), and put back into answers before they are compared.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'

export type Variables = Record<string, string>

const ADDRESSES = [
  'gateway',
  'admin',
  'control',
  'tls',
  'metrics',
  'status',
  'upstream',
  'upstream2',
  'upstream3',
  'dead',
  'grpc',
]
const FIXED: Record<string, string> = {
  create_time: '<timestamp>',
  update_time: '<timestamp>',
  createdIndex: '<index>',
  modifiedIndex: '<index>',
}

/** Adds the port of every address, and a fresh nonce. */
export function withPorts(addresses: Variables): Variables {
  const ports = Object.entries(addresses)
    .filter(([, address]) => /^[^:]+:\d+$/.test(address))
    .map(([name, address]) => [`${name}_port`, address.split(':')[1] ?? ''])
  return { ...addresses, ...Object.fromEntries(ports), nonce: newNonce() }
}

export function newNonce(): string {
  return `n${randomBytes(5).toString('hex')}`
}

/** A copy of `value` with its placeholders filled in. A whole value `{{..._port}}` becomes a number. */
export function fill(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') {
    const port = /^\{\{([a-z0-9_]+_port)\}\}$/.exec(value)?.[1]
    return port !== undefined && variables[port] ? Number(variables[port]) : fillText(value, variables)
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, variables))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [fillText(name, variables), fill(member, variables)]),
  )
}

function fillText(text: string, variables: Variables): string {
  return text.replace(/\{\{([a-z0-9_]+)\}\}/g, (whole, name: string) =>
    name === 'http_date' ? new Date().toUTCString() : (variables[name] ?? whole),
  )
}

const PATTERNS: [RegExp, string][] = [
  [/lua-resty-http\/[\d.]+ \(Lua\) ngx_lua\/\d+/g, '<any>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b[0-9a-f]{32}\b/g, '<hex32>'],
  [/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '<date>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)/g, '<iso-date>'],
]

/** Puts placeholders back. `volatile` are members whose value does not matter. */
export class Normaliser {
  readonly #texts: [string, string][]
  readonly #ports: Map<string, string>
  readonly #volatile: ReadonlySet<string>

  constructor(variables: Variables, volatile: readonly string[] = []) {
    const named = Object.entries(variables).filter(
      ([name, value]) => value && (ADDRESSES.includes(name) || name.startsWith('cap_') || name === 'nonce'),
    )
    this.#texts = named.map(([name, value]) => [value, `{{${name}}}`])
    if (variables.tmp) this.#texts.push([`${variables.tmp}/rec-`, '{{tmp}}/rec-'])
    const ports = Object.entries(variables).filter(([name, value]) => name.endsWith('_port') && value)
    this.#ports = new Map(ports.map(([name, value]) => [value, `{{${name}}}`]))
    this.#volatile = new Set(volatile)
  }

  value(value: unknown, name?: string): unknown {
    if (name !== undefined && this.#volatile.has(name)) return '<any>'
    if (name === 'hostname' && value === hostname()) return '<hostname>'
    if (name !== undefined && FIXED[name] && /^(number|string)$/.test(typeof value)) return FIXED[name]
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') return this.#ports.get(String(value)) ?? value
    if (Array.isArray(value)) return value.map((item) => this.value(item))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => [this.text(member), this.value(inner, member)]),
    )
  }

  text(text: string): string {
    const port = this.#ports.get(text)
    if (port) return port
    let result = text
    for (const [value, placeholder] of this.#texts) result = result.replaceAll(value, placeholder)
    for (const [number, placeholder] of this.#ports) {
      result = result.replaceAll(`"${number}"`, `"${placeholder}"`)
      if (result.includes(`:${number}`))
        result = result.replace(new RegExp(`:${number}(?![0-9])`, 'g'), `:${placeholder}`)
    }
    return PATTERNS.reduce((changed, [pattern, placeholder]) => changed.replace(pattern, placeholder), result)
  }
}

const NOT_COMPARED = new Set([
  'date',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'content-length',
  'etag',
  'last-modified',
])

/** Headers as recordings have them. */
export function normaliseHeaders(
  headers: Record<string, string | string[] | undefined>,
  normaliser: Normaliser,
  volatile: readonly string[] = [],
): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (NOT_COMPARED.has(name) || value === undefined) continue
    const one = (text: string): string => normaliseHeader(name, text, normaliser)
    result[name] = volatile.includes(name) ? '<any>' : Array.isArray(value) ? value.map(one) : one(value)
  }
  return result
}

function normaliseHeader(name: string, value: string, normaliser: Normaliser): string {
  if (/^(x-.*)?ratelimit.*reset$/i.test(name) || name === 'age') return '<number>'
  const text = normaliser.text(value)
  if (name !== 'set-cookie') return text
  return text.replace(/^([^=]*csrf[^=]*)=[^;]*/i, '$1=<token>').replace(/Expires=[^;]*/i, 'Expires=<date>')
}
