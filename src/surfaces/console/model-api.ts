// The page of settings: which model answers in the chat. Part of the console's API, so for the owner only.
import { type Context, Hono } from 'hono'
import { OperationError } from '../../operations/contract.ts'
import type { ModelChoice } from '../chat/model-choice.ts'
import { readJson } from '../http/answers.ts'
import type { MakeContext } from './named.ts'

export function modelApi(context: MakeContext, choice: ModelChoice): Hono {
  const app = new Hono()
  app.get('/console/model', (c) => c.json(choice.shown()))
  app.put('/console/model', async (c) => {
    const shown = choice.choose(await wanted(c))
    const { ledger, caller, now } = context('console', c.req.raw.signal)
    const { provider, name, base_url, key } = shown
    ledger.audit(caller, 'choose model', { provider, name, base_url, key: key ? 'kept' : 'none' }, now())
    return c.json(shown)
  })
  app.post('/console/model/test', async (c) => c.json(await choice.test(await wanted(c))))
  return app
}

async function wanted(c: Context): Promise<Record<string, unknown>> {
  const body = await readJson(c)
  if (!body) throw new OperationError('invalid', 'choosing a model: the body is a JSON object')
  return body
}
