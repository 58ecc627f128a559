// A consumer that a proof makes for itself and takes away again, so that it uses up no real one's quota. Its key is random and nobody is told it.
import { randomBytes } from 'node:crypto'
import type { AdminClient } from './admin-client.ts'

/** Letters and `_`: what every version takes. */
const PREFIX = 'gateward_proof_'
/** After this time one is what a proof has left that was cut off. */
const LEFT_OVER_SECONDS = 120

/** Runs with the key of a consumer that is there for as long. */
export async function asOwnConsumer<T>(admin: AdminClient, run: (key: string) => Promise<T>): Promise<T> {
  await removeLeftOvers(admin)
  const username = `${PREFIX}${randomBytes(6).toString('hex')}`
  const key = randomBytes(24).toString('base64url')
  const body = { username, desc: 'of a running proof, which takes it away', plugins: { 'key-auth': { key } } }
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

async function removeLeftOvers(admin: AdminClient): Promise<void> {
  const before = Date.now() / 1000 - LEFT_OVER_SECONDS
  for (const { id, value } of await admin.list('consumers'))
    if (id.startsWith(PREFIX) && Number(value.create_time) < before) await remove(admin, id)
}
