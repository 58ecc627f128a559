/** Sets an entry of a map that holds at most `max`: for one more the oldest goes. */
export function setBounded<K, V>(map: Map<K, V>, key: K, value: V, max: number): void {
  const oldest = map.keys().next()
  if (!oldest.done && map.size >= max && !map.has(key)) map.delete(oldest.value)
  map.set(key, value)
}
