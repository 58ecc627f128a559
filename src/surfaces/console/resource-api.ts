// What the page of one resource shows beside its configuration: the traffic of the routes that it has a part in, and the answer to one
// request through the gateway.
import { Hono } from 'hono'
import { OperationError } from '../../operations/contract.ts'
import { Inventory } from '../../operations/inventory.ts'
import type { Target } from '../../operations/targets.ts'
import type { Counts } from '../../operations/traffic/counts.ts'
import type { About } from '../../operations/traffic/rollups.ts'
import type { Kind } from '../../resources/kinds.ts'
import { readJson } from '../http/answers.ts'
import type { Context } from './picture-api.ts'
import { send, toWanted } from './send.ts'

export function resourceApi(context: Context): Hono {
  const app = new Hono()

  app.post('/console/send', async (c) => {
    const { signal } = c.req.raw
    const body = await readJson(c)
    if (!body) throw new OperationError('invalid', 'sending a request: the body is a JSON object')
    const target = context('console', signal).targets.get(c.req.query('target'), signal)
    return c.json(await send(toWanted(body), target, signal))
  })

  return app
}

/** Whose counts are those of one resource: its routes', or the consumer's own. Metrics name a route by its id, or by its name. */
export async function countsAbout(target: Target, about: string): Promise<About> {
  const [kind = '', id = ''] = about.split('/')
  if (kind === 'consumers') return { consumer: id }
  const inventory = await Inventory.read(target)
  const names = new Set<string>()
  for (const route of inventory.routesUsing(kind as Kind, id)) {
    names.add(route)
    const name = inventory.get('routes', route)?.name
    if (typeof name === 'string') names.add(name)
  }
  return { routes: [...names] }
}

/** Tells which counts are of it. */
export function aboutOnly({ consumer, routes }: About): (one: Counts) => boolean {
  if (consumer !== undefined) return (one) => one.consumer === consumer
  const names = new Set(routes)
  return (one) => names.has(one.route)
}
