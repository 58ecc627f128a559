// Puts several wishes about one resource together into one change, so that a plan names each resource once.
import { isObject } from '../lib/is-object.ts'
import type { Resource } from '../resources/kinds.ts'
import type { WishedChange } from './plan.ts'

/** Joins changes of the same resource, later members winning. A deletion takes the changes of the resource with it. */
export function joinChanges(changes: readonly WishedChange[]): WishedChange[] {
  const joined: WishedChange[] = []
  for (const change of changes) {
    const at = joined.findIndex((one) => change.id !== undefined && one.kind === change.kind && one.id === change.id)
    const same = joined[at]
    if (!same || (same.action === 'create' && change.action === 'create')) joined.push(change)
    else if (change.action === 'delete' || same.action === 'delete')
      joined[at] = { ...same, action: 'delete', set: undefined }
    else joined[at] = { ...same, set: joinPatches(same.set ?? {}, change.set ?? {}) }
  }
  return joined
}

/** One patch that does what two do in turn: null stays, to remove. */
function joinPatches(first: Resource, second: Resource): Resource {
  const joined: Resource = { ...first }
  for (const [name, member] of Object.entries(second)) {
    const before = joined[name]
    joined[name] = isObject(before) && isObject(member) ? joinPatches(before, member) : member
  }
  return joined
}
