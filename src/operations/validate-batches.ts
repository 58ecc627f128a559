// What is to be written, as `/configs/validate` takes it: in whole configurations of a bounded size.
import type { Resource } from '../resources/kinds.ts'
import type { ToCheck } from './admin-client.ts'

/** Of one question to `/configs/validate`: APISIX takes bodies of 1.5 MiB. */
const MAX_BATCH_CHARS = 512 * 1024

/** As it stands in the list of its kind. */
export function toListed({ kind, id, value }: ToCheck): Resource {
  if (kind === 'consumers') return value
  return { ...value, id: kind === 'credentials' ? id.replace('/', '/credentials/') : id }
}

/** In the order in which they come. */
export function toBatches(resources: readonly ToCheck[]): ToCheck[][] {
  const batches: ToCheck[][] = []
  let room = 0
  for (const one of resources) {
    const chars = JSON.stringify(one.value).length
    if (chars > room) {
      batches.push([])
      room = MAX_BATCH_CHARS
    }
    batches.at(-1)?.push(one)
    room -= chars
  }
  return batches
}
