// What the console shows beside the operations, for the owner only: each part is in `../console/`.
import { Hono } from 'hono'
import type { ModelChoice } from '../chat/model-choice.ts'
import { auditApi } from '../console/audit-api.ts'
import { type Demo, demoApi } from '../console/demo-api.ts'
import { modelApi } from '../console/model-api.ts'
import type { MakeContext } from '../console/named.ts'
import { pictureApi } from '../console/picture-api.ts'
import { resourceApi } from '../console/resource-api.ts'
import { schemaApi } from '../console/schema-api.ts'
import { stateApi } from '../console/state-api.ts'
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

export function consoleApi({ owner, context, model, demo, version, storeTrouble, watch }: ConsoleDeps): Hono {
  const app = new Hono()
  app.use('/console/*', async (c, next) => (isOwner(c, owner) ? next() : forbidden(c)))
  app.onError(answerError)
  app.route(
    '/',
    stateApi(context, () => ({ version, model: model.shown().provider, trouble: storeTrouble() })),
  )
  app.route('/', pictureApi(context))
  app.route('/', resourceApi(context))
  app.route('/', schemaApi(context))
  app.route('/', auditApi(context))
  app.route('/', targetsApi(context))
  app.route('/', trafficApi(context))
  app.route('/', tailApi(watch))
  app.route('/', modelApi(context, model))
  app.route('/', demoApi(demo))
  return app
}
