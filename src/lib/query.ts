// Fields as a query and a form write them: `a=b&c=d`, percent-encoded.
import { percentDecode } from './percent.ts'

export interface QueryField {
  name: string
  /** Undefined: there is no `=`. */
  value: string | undefined
  /** As it came. */
  written: string
}

/** The first `most` fields, decoded. What stands between two `&` and is empty is none. */
export function* queryFields(text: string, most = Number.POSITIVE_INFINITY): Generator<QueryField> {
  let count = 0
  for (let at = 0; at < text.length && count < most; ) {
    const and = text.indexOf('&', at)
    const written = text.slice(at, and < 0 ? undefined : and)
    at += written.length + 1
    if (written === '') continue
    count += 1
    const equals = written.indexOf('=')
    const value = equals < 0 ? undefined : decodeQuery(written.slice(equals + 1))
    yield { name: decodeQuery(nameIn(written)), value, written }
  }
}

/** Values by name: a list where a name stands more than once. `bare`: of fields without `=`. */
export function valuesByName<Bare>(
  fields: Iterable<QueryField>,
  bare: Bare,
): Record<string, string | Bare | (string | Bare)[]> {
  const values: Record<string, string | Bare | (string | Bare)[]> = Object.create(null)
  for (const { name, value = bare } of fields) {
    const before = values[name]
    if (before === undefined) values[name] = value
    else if (Array.isArray(before)) before.push(value)
    else values[name] = [before, value]
  }
  return values
}

/** The first argument of this name, decoded; one without `=` is the empty string. Others are not decoded. */
export function queryArgument(query: string, name: string): string | undefined {
  if (query === '') return undefined
  const written = query.split('&').find((one) => isNamed(one, name))
  if (written === undefined) return undefined
  const equals = written.indexOf('=')
  return equals < 0 ? '' : decodeQuery(written.slice(equals + 1))
}

/** The query without the arguments of this name; the others keep their bytes and order. */
export function withoutArgument(query: string, name: string): string {
  return query
    .split('&')
    .filter((written) => !isNamed(written, name))
    .join('&')
}

/** Percent-decodes with `+` as space; what is not valid percent-encoding stays as it is. */
export function decodeQuery(text: string): string {
  if (!text.includes('%') && !text.includes('+')) return text
  return percentDecode(text.replaceAll('+', ' '))
}

function isNamed(written: string, name: string): boolean {
  const key = nameIn(written)
  return key === name || decodeQuery(key) === name
}

function nameIn(written: string): string {
  const equals = written.indexOf('=')
  return equals < 0 ? written : written.slice(0, equals)
}
