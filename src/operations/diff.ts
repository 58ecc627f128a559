// What a plan changes, field by field, as a person reads it: `+` new, `-` gone, `~` changed.
import { isObject } from '../lib/is-object.ts'
import { fromPointerPart, toPointerPart } from '../lib/json-pointer.ts'
import { redact, secretsInText } from '../lib/redact.ts'
import { plainText } from '../lib/text.ts'
import type { Kind, Resource } from '../resources/kinds.ts'

export interface FieldChange {
  path: string
  before: unknown
  after: unknown
  /** An address changes, and with it a secret that is not shown. */
  otherSecret?: true
}

/** Members below this depth of difference are shown whole. */
const MAX_DEPTH = 6

/** The fields in which two resources differ, secrets hidden; undefined stands for a resource that is not there. */
export function diffFields(kind: Kind, before: Resource | undefined, after: Resource | undefined): FieldChange[] {
  const changes: FieldChange[] = []
  compare(before ?? {}, after ?? {}, '', changes, 0)
  const shownBefore = before && redact(kind, before)
  const shownAfter = after && redact(kind, after)
  return changes.map(({ path, before: was, after: is }) => ({
    path,
    before: at(shownBefore, path),
    after: at(shownAfter, path),
    ...(hasOtherSecret(was, is) ? { otherSecret: true } : {}),
  }))
}

function hasOtherSecret(before: unknown, after: unknown): boolean {
  if (typeof before !== 'string' || typeof after !== 'string') return false
  return secretsInText(before).join('\n') !== secretsInText(after).join('\n')
}

/** Whether two resources say the same; the target adds the id of what is named by its key. */
export function sameResource(one: Resource | undefined, other: Resource | undefined): boolean {
  if (!one || !other) return one === other
  const changes: FieldChange[] = []
  compare(withoutId(one), withoutId(other), '', changes, 0)
  return changes.length === 0
}

function withoutId({ id: _id, ...rest }: Resource): Resource {
  return rest
}

/** One changed resource as text, a line for each field. */
export function formatDiff(
  action: 'create' | 'change' | 'delete',
  kind: Kind,
  id: string,
  fields: FieldChange[],
): string {
  const sign = { create: '+', change: '~', delete: '-' }[action]
  const lines = fields.flatMap(({ path, before, after, otherSecret }) => {
    if (before === undefined) return showAll('+', path, after)
    if (after === undefined) return showAll('-', path, before)
    const same = JSON.stringify(before) === JSON.stringify(after)
    const long = [before, after].some((one) => show(one).length > MAX_VALUE_CHARS)
    if (long && !same) return [...showAll('-', path, before), ...showAll('+', path, after)]
    const other = same ? ' (another value)' : otherSecret ? ' (with another secret)' : ''
    const now = `${same ? show(after).slice(0, MAX_VALUE_CHARS) : show(after)}${other}`
    return [`    ~ ${showName(path)}: ${show(before).slice(0, MAX_VALUE_CHARS)} -> ${now}`]
  })
  return [`${sign} ${action} ${kind}/${plainText(id, 64)}`, ...lines].join('\n')
}

/** A value that is longer is shown member by member, a long text in pieces: a person approves all of it, and must be able to see all of it. */
const MAX_VALUE_CHARS = 400
const MAX_PIECE_CHARS = 1500

function showAll(sign: string, path: string, value: unknown): string[] {
  const text = show(value)
  if (text.length <= MAX_VALUE_CHARS) return [`    ${sign} ${showName(path)}: ${text}`]
  if (value !== null && typeof value === 'object')
    return Object.entries(value).flatMap(([name, one]) => showAll(sign, join(path, name), one))
  const pieces: string[] = []
  for (let at = 0; at < text.length; at += MAX_PIECE_CHARS) pieces.push(text.slice(at, at + MAX_PIECE_CHARS))
  return pieces.map((piece, i) => `    ${sign} ${i ? '  …' : `${showName(path)}: `}${piece}`)
}

/** As JSON, in which what does not show on a screen is written out. */
function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, writtenOut)
}

/** A member's name must not make lines of its own. */
function showName(path: string): string {
  return path.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, writtenOut).slice(0, MAX_VALUE_CHARS)
}

function writtenOut(character: string): string {
  return `\\u{${(character.codePointAt(0) as number).toString(16)}}`
}

function join(path: string, name: string): string {
  return `${path}/${toPointerPart(name)}`
}

function compare(before: unknown, after: unknown, path: string, changes: FieldChange[], depth: number): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return
  if (depth < MAX_DEPTH && isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(before[name], after[name], join(path, name), changes, depth + 1)
    }
    return
  }
  changes.push({ path, before, after })
}

function at(value: unknown, pointer: string): unknown {
  let here = value
  for (const part of pointer.split('/').slice(1)) {
    if (!isObject(here)) return undefined
    here = here[fromPointerPart(part)]
  }
  return here
}
