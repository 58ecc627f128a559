// `GET /console/state`: what every page of the console shows.
import { Hono } from 'hono'
import { toTotal } from '../../operations/traffic/report.ts'
import type { Window } from '../../operations/traffic/traffic.ts'
import type { MakeContext } from './named.ts'

interface TargetState {
  name: string
  gateway: string
  admin: string
  policy: string
  /** Many of the last requests ended with a server's error. */
  failing: boolean
}

export interface State {
  version: string
  model: string
  /** Why the store of the embedded gateway cannot be written now. */
  trouble?: string | undefined
  targets: TargetState[]
}

/** Of fewer requests nothing is concluded. */
const MIN_FAILING_REQUESTS = 10
const FAILING_SHARE = 0.05

export function stateApi(context: MakeContext, facts: () => Omit<State, 'targets'>): Hono {
  return new Hono().get('/console/state', (c) => {
    const { targets } = context('console', c.req.raw.signal)
    const seen = targets.names().map((name) => {
      const target = targets.get(name)
      return {
        name,
        gateway: target.gatewayUrl,
        admin: target.adminUrl,
        policy: targets.policy(target, 'console'),
        failing: isFailing(target.traffic.recent()),
      }
    })
    return c.json({ ...facts(), targets: seen } satisfies State)
  })
}

/** Whether many of the last minutes' requests ended with a server's error. */
function isFailing(window: Window | undefined): boolean {
  if (!window) return false
  const { requests, server_errors: errors = 0 } = toTotal(window.counts, window.seconds)
  return requests >= MIN_FAILING_REQUESTS && errors >= requests * FAILING_SHARE
}
