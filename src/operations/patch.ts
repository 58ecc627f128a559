// Merge patches (RFC 7396): what a change sets, and what leads from one resource to another.
import { isObject } from '../lib/is-object.ts'
import type { Resource } from '../resources/kinds.ts'
import { OperationError } from './contract.ts'

/** Members replace, null removes, objects are merged. */
export function merge(value: Resource, patch: Resource): Resource {
  const merged: Resource = { ...value }
  for (const [name, member] of Object.entries(patch)) {
    // Set as a member it would be an ancestor: there for who reads, but neither shown nor written.
    if (name === '__proto__') throw new OperationError('invalid', 'no member of a resource is called __proto__')
    if (member === null) delete merged[name]
    else if (isObject(member)) merged[name] = merge(isObject(merged[name]) ? merged[name] : {}, member)
    else merged[name] = member
  }
  return merged
}

/** The patch that makes `wanted` of `now`: members that are not wanted are removed, others get their wanted value. */
export function patchTo(wanted: Resource, now: Resource): Resource {
  const patch: Resource = {}
  for (const name of new Set([...Object.keys(wanted), ...Object.keys(now)])) {
    const [goal, here] = [wanted[name], now[name]]
    if (JSON.stringify(goal) === JSON.stringify(here)) continue
    if (goal === undefined) patch[name] = null
    else patch[name] = isObject(goal) && isObject(here) ? patchTo(goal, here) : goal
  }
  return patch
}
