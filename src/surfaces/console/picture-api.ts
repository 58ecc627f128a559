// `GET /console/picture`: the picture of a target, with the traffic of its last minutes where its metrics tell.
import { Hono } from 'hono'
import { OperationError } from '../../operations/contract.ts'
import type { Target } from '../../operations/targets.ts'
import { type MakeContext, targetOf } from './named.ts'
import { readPicture, type Seen } from './picture.ts'

/** A picture does not wait longer for the metrics. */
const TIMEOUT_MS = 2000

export function pictureApi(context: MakeContext): Hono {
  return new Hono().get('/console/picture', async (c) => {
    const { signal } = c.req.raw
    const target = targetOf(c, context)
    const { from, to, search = '' } = c.req.query()
    const { blind, ...seen } = await look(target, signal)
    const range = from !== undefined && to !== undefined ? { from, to } : undefined
    return c.json({ ...(await readPicture(target, { search, range }, seen)), blind })
  })
}

/** What is known without waiting for a second moment. `blind`: why nothing is. */
async function look(target: Target, signal: AbortSignal): Promise<Seen & { blind?: string }> {
  try {
    const health = await target.traffic.health(AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]))
    return { health, ...(target.traffic.recent() ?? { counts: [], seconds: 0 }) }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof OperationError) && (error as Error).name !== 'TimeoutError') throw error
    return { health: [], counts: [], seconds: 0, blind: (error as Error).message }
  }
}
