// From an edited resource to the members that change: what was taken out becomes null, what is the same is left out.
import { isObject } from '../../../src/lib/is-object.ts'

type Value = Record<string, unknown>

export function patchFrom(before: Value, after: Value): Value {
  const patch: Value = {}
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]]
    if (JSON.stringify(old) === JSON.stringify(now)) continue
    if (now === undefined) patch[name] = null
    else patch[name] = isObject(old) && isObject(now) ? patchFrom(old, now) : now
  }
  return patch
}
