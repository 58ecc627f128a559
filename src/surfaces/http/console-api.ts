// What the console shows beside the operations, for the owner only: the state of the targets, and what single views need, from `../console/`.
import { Hono } from 'hono'
import { toTotal } from '../../operations/traffic/report.ts'
import type { Window } from '../../operations/traffic/traffic.ts'
import type { ModelChoice } from '../chat/model-choice.ts'
import { auditApi } from '../console/audit-api.ts'
import { type Demo, demoApi } from '../console/demo-api.ts'
import { modelApi } from '../console/model-api.ts'
import type { MakeContext } from '../console/named.ts'
import { pictureApi } from '../console/picture-api.ts'
import { resourceApi } from '../console/resource-api.ts'
import { schemaApi } from '../console/schema-api.ts'
import { tailApi, type Watch } from '../console/tail-api.ts'
import { targetsApi } from '../console/targets-api.ts'
import { trafficApi } from '../console/traffic-api.ts'
import type { Owner } from '../owner.ts'
import { isOwner } from './access.ts'
import { answerError, forbidden } from './answers.ts'

export interface ConsoleDeps {
  owner: Owner
  context: MakeContext
  /** What answers in the chat. */
  model: ModelChoice
  demo: Demo
  version: string
  /** Why the store of the embedded gateway cannot be written now; undefined when it answers. */
  storeTrouble(): string | undefined
  /** Shows requests of the embedded gateway as they finish. */
  watch: Watch
}

/** Of fewer requests nothing is concluded. */
const MIN_FAILING_REQUESTS = 10
const FAILING_SHARE = 0.05

export function consoleApi({ owner, context, model, demo, version, storeTrouble, watch }: ConsoleDeps): Hono {
  const app = new Hono()
  app.use('/console/*', async (c, next) => (isOwner(c, owner) ? next() : forbidden(c)))
  app.onError(answerError)
  app.route('/', pictureApi(context))
  app.route('/', resourceApi(context))
  app.route('/', schemaApi(context))
  app.route('/', auditApi(context))
  app.route('/', targetsApi(context))
  app.route('/', trafficApi(context))
  app.route('/', tailApi(watch))
  app.route('/', modelApi(context, model))
  app.route('/', demoApi(demo))

  app.get('/console/state', (c) => {
    const { targets } = context('console', c.req.raw.signal)
    const names = targets.names()
    return c.json({
      version,
      model: model.shown().provider,
      trouble: storeTrouble(),
      targets: names.map((name) => {
        const target = targets.get(name)
        return {
          name,
          gateway: target.gatewayUrl,
          admin: target.adminUrl,
          policy: targets.policy(target, 'console'),
          failing: isFailing(target.traffic.recent()),
        }
      }),
    })
  })

  return app
}

/** Whether many of the last minutes' requests ended with a server's error. */
function isFailing(window: Window | undefined): boolean {
  if (!window) return false
  const { requests, server_errors: errors = 0 } = toTotal(window.counts, window.seconds)
  return requests >= MIN_FAILING_REQUESTS && errors >= requests * FAILING_SHARE
}
