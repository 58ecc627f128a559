// In what two targets differ, resource by resource of one kind.
import { plainText } from '../../lib/text.ts'
import { diffFields, formatDiff } from '../../operations/diff.ts'
import { type Found, writable } from '../../operations/one-by-one.ts'
import type { Target } from '../../operations/targets.ts'
import type { Kind, Resource } from '../../resources/kinds.ts'

/** Differing resources that are told one by one. */
const MAX_ROWS = 200

export interface ComparedRow {
  id: string
  where: 'from' | 'to' | 'both'
  /** What would change on `to`, secrets hidden. */
  diff: string
}

export interface Compared {
  same: number
  differing: number
  rows: ComparedRow[]
}

export async function compare(from: Target, to: Target, kind: Kind): Promise<Compared> {
  const [here, there] = await Promise.all([from.admin.list(kind), to.admin.list(kind)])
  const [left, right] = [byId(here), byId(there)]
  const ids = [...new Set([...left.keys(), ...right.keys()])].sort()
  const rows: ComparedRow[] = []
  let differing = 0
  for (const id of ids) {
    const [wanted, now] = [left.get(id), right.get(id)]
    const fields = diffFields(kind, now, wanted)
    if (!fields.length && wanted && now) continue
    differing++
    if (rows.length >= MAX_ROWS) continue
    const where = !now ? 'from' : !wanted ? 'to' : 'both'
    const action = !now ? 'create' : !wanted ? 'delete' : 'change'
    rows.push({ id: plainText(id, 100), where, diff: formatDiff(action, kind, id, fields) })
  }
  return { same: ids.length - differing, differing, rows }
}

/** Without what each target notes for itself, such as times. */
function byId(list: readonly Found[]): Map<string, Resource> {
  return new Map(list.map((one) => [one.id, writable(one.value)]))
}
