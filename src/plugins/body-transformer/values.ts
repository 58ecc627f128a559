// Values of templates as Lua sees them: what is true, what is a number, how a value is written.

/** A value whose members are looked up when they are asked for. */
export class Lookup {
  readonly get: (name: string) => unknown
  constructor(get: (name: string) => unknown) {
    this.get = get
  }
}

/** A function that a template may call. */
export class Callable {
  readonly run: (given: unknown[]) => unknown
  constructor(run: (given: unknown[]) => unknown) {
    this.run = run
  }
}

/** What a template does wrong; at writing time when it cannot be understood, else when it is rendered. */
export class TemplateError extends Error {}

/** Lua's idea of true. */
export function truthy(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false
}

/** Lua's text of a value; a list or an object has none of use and is written as JSON. */
export function toText(value: unknown): string {
  if (value === undefined) return 'nil'
  if (typeof value === 'number') return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(14)))
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A number, or a text that is one; undefined for anything else. */
export function asNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() ? Number(value) : value
  return typeof number === 'number' && !Number.isNaN(number) ? number : undefined
}

/** A value as an error tells it. */
export function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nil'
}
