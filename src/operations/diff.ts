// What a plan changes, field by field, as a person reads it: `+` new, `-` gone, `~` changed.
import { isObject } from '../lib/is-object.ts'
import { redact } from '../lib/redact.ts'
import { plainText } from '../lib/text.ts'
import type { Kind, Resource } from '../resources/kinds.ts'

export interface FieldChange {
  path: string
  before: unknown
  after: unknown
}

/** Members below this depth of difference are shown whole. */
const MAX_DEPTH = 6

/** The fields in which two resources differ, secrets hidden; undefined stands for a resource that is not there. */
export function diffFields(kind: Kind, before: Resource | undefined, after: Resource | undefined): FieldChange[] {
  const changes: FieldChange[] = []
  compare(before ?? {}, after ?? {}, '', changes, 0)
  const shownBefore = before && redact(kind, before)
  const shownAfter = after && redact(kind, after)
  return changes.map(({ path }) => ({ path, before: at(shownBefore, path), after: at(shownAfter, path) }))
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
  const lines = fields.map(({ path: written, before, after }) => {
    const path = plainText(written, 200) // a member's name must not make lines of its own
    if (before === undefined) return `    + ${path}: ${show(after)}`
    if (after === undefined) return `    - ${path}: ${show(before)}`
    const same = JSON.stringify(before) === JSON.stringify(after)
    return `    ~ ${path}: ${show(before)} -> ${same ? `${show(after)} (another value)` : show(after)}`
  })
  return [`${sign} ${action} ${kind}/${plainText(id, 64)}`, ...lines].join('\n')
}

function show(value: unknown): string {
  return plainText(JSON.stringify(value) ?? 'nothing', 400)
}

function compare(before: unknown, after: unknown, path: string, changes: FieldChange[], depth: number): void {
  if (JSON.stringify(before) === JSON.stringify(after)) return
  if (depth < MAX_DEPTH && isObject(before) && isObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
      compare(
        before[name],
        after[name],
        `${path}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        changes,
        depth + 1,
      )
    }
    return
  }
  changes.push({ path, before, after })
}

function at(value: unknown, pointer: string): unknown {
  let here = value
  for (const part of pointer.split('/').slice(1)) {
    if (!isObject(here)) return undefined
    here = here[part.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  return here
}
