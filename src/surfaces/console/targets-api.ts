// The targets as the console lists and compares them: `GET /console/targets` with whether each answers, `GET /console/compare?from=&to=&kind=`.
import { Hono } from 'hono'
import { plainText } from '../../lib/text.ts'
import { OperationError } from '../../operations/contract.ts'
import type { Target } from '../../operations/targets.ts'
import { isKind } from '../../resources/kinds.ts'
import { compare } from './compare.ts'
import type { MakeContext } from './named.ts'

/** A list of targets does not wait longer for one of them. */
const TIMEOUT_MS = 3000

export interface TargetSeen {
  name: string
  gateway: string
  admin: string
  policy: string
  routes: number
  /** Why it does not answer; absent when it does. */
  trouble?: string
  /** It answers, but what is wrong with its settings may show with another call. */
  warning?: string
}

export function targetsApi(context: MakeContext): Hono {
  const app = new Hono()

  app.get('/console/targets', async (c) => {
    const { signal } = c.req.raw
    const { targets } = context('console', signal)
    const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
    const seen = targets.names().map((name) => {
      const target = targets.get(name, until)
      return look(target, targets.policy(target, 'console'), signal)
    })
    return c.json({ targets: await Promise.all(seen) })
  })

  app.get('/console/compare', async (c) => {
    const { signal } = c.req.raw
    const { targets } = context('console', signal)
    const kind = c.req.query('kind') ?? 'routes'
    if (!isKind(kind) || kind === 'credentials' || kind === 'secrets')
      throw new OperationError('invalid', `resources of the kind ${plainText(kind, 40)} are not compared`)
    const [from, to] = [targets.get(c.req.query('from'), signal), targets.get(c.req.query('to'), signal)]
    return c.json(await compare(from, to, kind))
  })

  return app
}

async function look(target: Target, policy: string, signal: AbortSignal): Promise<TargetSeen> {
  const seen = { name: target.name, gateway: target.gatewayUrl, admin: target.adminUrl, policy, routes: 0 }
  const warning = target.keyTrouble
  try {
    const routes = (await target.admin.list('routes')).length
    return { ...seen, routes, ...(warning === undefined ? {} : { warning }) }
  } catch (error) {
    signal.throwIfAborted()
    return { ...seen, trouble: plainText((error as Error).message) }
  }
}
