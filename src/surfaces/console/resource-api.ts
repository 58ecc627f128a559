// Resources as the console shows them: whole lists in a compact form (tables), one of them whole, the traffic of the routes that it has a part in, and
// the answer to one request through the gateway.
import { Hono } from 'hono'
import { redact } from '../../lib/redact.ts'
import { plainJson, plainText } from '../../lib/text.ts'
import { OperationError } from '../../operations/contract.ts'
import { Inventory } from '../../operations/inventory.ts'
import { writable } from '../../operations/one-by-one.ts'
import type { Target } from '../../operations/targets.ts'
import type { Counts } from '../../operations/traffic/counts.ts'
import type { About } from '../../operations/traffic/rollups.ts'
import type { Kind } from '../../resources/kinds.ts'
import { readJson } from '../http/answers.ts'
import { kindOf, type MakeContext, targetOf } from './named.ts'
import { toRow } from './rows.ts'
import { send, toWanted } from './send.ts'

/** Rows of one list; more are cut off, and the answer says so. */
const MAX_ROWS = 20_000

export function resourceApi(context: MakeContext): Hono {
  const app = new Hono()

  app.get('/console/resources/:kind', async (c) => {
    const kind = kindOf(c)
    const found = await targetOf(c, context).admin.list(kind, c.req.query('of'))
    return c.json({
      total: found.length,
      rows: found.slice(0, MAX_ROWS).map((one) => toRow(one.id, redact(kind, one.value))),
    })
  })

  app.get('/console/resources/:kind/:id', async (c) => {
    const kind = kindOf(c)
    const id = c.req.param('id')
    const target = targetOf(c, context)
    const found = await target.admin.get(kind, id)
    if (!found) throw new OperationError('not_found', `there is no ${kind}/${plainText(id, 64)} on ${target.name}`)
    return c.json({ value: plainJson(redact(kind, writable(found.value))), counted: target.metricsUrl !== undefined })
  })

  app.post('/console/send', async (c) => {
    const { signal } = c.req.raw
    const body = await readJson(c)
    if (!body) throw new OperationError('invalid', 'sending a request: the body is a JSON object')
    return c.json(await send(toWanted(body), targetOf(c, context), signal))
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
