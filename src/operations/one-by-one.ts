// Several writes on an Admin API without transactions: each version is compared just before its write, and when one write fails, those before are
// taken back, but for what somebody else has changed since: that is theirs now, and is named.
import type { Kind, Resource } from '../resources/kinds.ts'
import { OperationError } from './contract.ts'

/** A resource as it is on a target. */
export interface Found {
  kind: Kind
  id: string
  value: Resource
  modifiedIndex: number
}

export interface WriteOperation {
  method: 'PUT' | 'DELETE'
  kind: Kind
  id: string
  body?: Resource
  /** modifiedIndex that the resource must have; 0: it must not exist. */
  expect: number
}

/** A write that was done, with what was there before and what is there now. */
interface Done {
  operation: WriteOperation
  before: Found | undefined
  now: Found | undefined
}

type Read = (kind: Kind, id: string) => Promise<Found | undefined>
type Write = (operation: WriteOperation) => Promise<void>

/**
 * Writes in order. Returns what is there now: some versions add to what they are given. Throws `conflict` before the first write of what has
 * changed, or the error of the write that failed.
 */
export async function writeOneByOne(operations: readonly WriteOperation[], read: Read, write: Write): Promise<Found[]> {
  const done: Done[] = []
  try {
    for (const operation of operations) {
      const before = await read(operation.kind, operation.id)
      if ((before?.modifiedIndex ?? 0) !== operation.expect)
        throw new OperationError(
          'conflict',
          `${operation.kind}/${operation.id} was changed by somebody else in the meantime; plan again`,
        )
      await write(operation)
      done.push({ operation, before, now: await read(operation.kind, operation.id) })
    }
  } catch (error) {
    await compensate(done, error as Error, read, write)
    throw error
  }
  return done.flatMap(({ now }) => now ?? [])
}

async function compensate(done: Done[], cause: Error, read: Read, write: Write): Promise<void> {
  const failed: string[] = []
  for (const { operation, before, now } of done.reverse()) {
    const name = `${operation.kind}/${operation.id}`
    const back: WriteOperation = before
      ? { ...operation, method: 'PUT', body: writable(before.value) }
      : { ...operation, method: 'DELETE' }
    try {
      const found = await read(operation.kind, operation.id)
      if (found?.modifiedIndex === now?.modifiedIndex) await write(back)
      else failed.push(`${name} (somebody else has changed it)`)
    } catch (error) {
      failed.push(`${name} (${(error as Error).message})`)
    }
  }
  if (failed.length)
    throw new OperationError(
      'target',
      `${cause.message}; these could not be taken back, look at them: ${failed.join(', ')}`,
    )
}

/** Without what the server manages: what may be written back. */
export function writable(value: Resource): Resource {
  const { create_time: _created, update_time: _updated, ...rest } = value
  return rest
}
