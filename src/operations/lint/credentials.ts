// Credentials that stand below consumers, for the rules about them. The Admin API lists them one consumer at a time.
import type { Inventory } from '../inventory.ts'
import type { Found } from '../one-by-one.ts'
import type { Target } from '../targets.ts'

const MAX_CONSUMERS = 500
const AT_ONCE = 8

export interface Credentials {
  /** Their ids are `jack/web`. */
  found: Found[]
  /** Consumers whose credentials were not read. */
  unread: number
}

/** Reads those of the first consumers. */
export async function readCredentials(target: Target, inventory: Inventory): Promise<Credentials> {
  const consumers = inventory.list('consumers').map(({ id }) => id)
  const asked = consumers.slice(0, MAX_CONSUMERS)
  const found: (readonly Found[])[] = []
  const read = async (start: number): Promise<void> => {
    for (let i = start; i < asked.length; i += AT_ONCE) found[i] = await target.admin.list('credentials', asked[i])
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, start) => read(start)))
  return { found: found.flat(), unread: consumers.length - asked.length }
}
