// A consumer that a proof makes for itself and takes away again, so that it uses up no real one's quota. Its key is random and nobody is told it.
import { randomBytes } from 'node:crypto'
import type { AdminClient } from './admin-client.ts'
import type { Found } from './one-by-one.ts'

/** Letters and `_`: what every version takes. */
const PREFIX = 'gateward_proof_'
const ID_BYTES = 6
const NAME = new RegExp(`^${PREFIX}[0-9a-f]{${ID_BYTES * 2}}$`)
const DESC = 'of a running proof, which takes it away'
/** After this time one is what a proof has left that was cut off. */
export const LEFT_OVER_SECONDS = 120
/** Consumers that are taken away at a time. */
const MAX_REMOVED = 100

/** Runs with the key of a consumer that is there for as long. */
export async function asOwnConsumer<T>(admin: AdminClient, run: (key: string) => Promise<T>): Promise<T> {
  await removeLeftOvers(admin)
  const username = `${PREFIX}${randomBytes(ID_BYTES).toString('hex')}`
  const key = randomBytes(24).toString('base64url')
  const body = { username, desc: DESC, plugins: { 'key-auth': { key } } }
  try {
    await admin.write([{ method: 'PUT', kind: 'consumers', id: username, body, expect: 0 }])
    return await run(key)
  } finally {
    await remove(admin, username)
  }
}

async function remove(admin: AdminClient, id: string): Promise<void> {
  const found = await admin.get('consumers', id)
  if (found) await admin.write([{ method: 'DELETE', kind: 'consumers', id, expect: found.modifiedIndex }])
}

/** Takes away what proofs that were cut off have left. `young`: how many there are that a proof may still use. */
export async function removeLeftOvers(
  admin: AdminClient,
  now = Date.now(),
): Promise<{ removed: string[]; young: number }> {
  const before = now / 1000 - LEFT_OVER_SECONDS
  const own = (await admin.list('consumers')).filter(isOwn)
  const old = own.filter(({ value }) => Number(value.create_time) < before)
  const removed = old.slice(0, MAX_REMOVED).map(({ id }) => id)
  for (const id of removed) await remove(admin, id)
  return { removed, young: own.length - old.length }
}

/** Exactly as a proof makes it: what somebody has changed, or only named alike, is somebody's. */
function isOwn({ id, value: { desc, plugins, group_id: group } }: Found): boolean {
  return NAME.test(id) && desc === DESC && group === undefined && Object.keys(plugins ?? {}).join() === 'key-auth'
}
