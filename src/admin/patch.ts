// How PATCH changes a resource: on the resource it merges, on a part of it it replaces exactly that part.
import { isObject } from '../lib/is-object.ts'
import type { Resource } from '../resources/kinds.ts'

/** Objects are merged at every depth, null removes, everything else replaces. Neither argument changes. */
export function mergePatch(target: Resource, patch: Resource): Resource {
  const merged: Resource = { ...target }
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name]
    else if (isObject(value)) merged[name] = mergePatch(isObject(merged[name]) ? merged[name] : {}, value)
    else merged[name] = value
  }
  return merged
}

/** How much of the path leads to a value that has no members; undefined: all but its end is there, or can be made. */
export function noContainer(target: Resource, path: readonly string[]): number | undefined {
  let value: unknown = target
  for (const [index, name] of path.slice(0, -1).entries()) {
    if (!Object.hasOwn(value as object, name)) return undefined
    value = (value as Resource)[name]
    if (value === null || typeof value !== 'object') return index + 1
  }
  return undefined
}

/** A copy of `target` in which the place `path` holds `value`. Missing objects on the way are made. */
export function replaceAt(target: Resource, path: readonly string[], value: unknown): Resource {
  const [name, ...rest] = path
  if (name === undefined) return target
  const inner = Object.hasOwn(target, name) ? target[name] : undefined
  const container = Array.isArray(inner) ? { ...inner } : isObject(inner) ? inner : {}
  const replaced = rest.length === 0 ? value : replaceAt(container as Resource, rest, value)
  const result = rest.length > 0 && Array.isArray(inner) ? Object.values(replaced as Resource) : replaced
  return { ...target, [name]: result }
}
