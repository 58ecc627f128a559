// New secrets of a plan that was approved in the console are answered to the console once; any other caller leaves them for `gateward reveal`.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, run } from '../running.ts'

let running: Running

before(async () => {
  running = await run()
})
after(() => running.close())

/** Adds a consumer as the owner, from a surface; what applying it answers. */
async function addConsumer(consumer: string, surface: string): Promise<Record<string, unknown>> {
  const post = async (path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(running.surface + path, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${running.ownerKey}`,
        'Content-Type': 'application/json',
        'Gateward-Surface': surface,
      },
      body: JSON.stringify(body),
    })
    assert.equal(response.status, 200, path)
    return (await response.json()) as Record<string, unknown>
  }
  const plan = await post('/v1/operations/plan', { intents: [{ do: 'add_consumer', consumer }] })
  await post(`/v1/plans/${plan.plan_id}`, { digest: plan.digest, decision: 'approve' })
  return post('/v1/operations/apply', { plan_id: plan.plan_id })
}

test('the console is answered the new key, other surfaces its label only', async () => {
  const here = await addConsumer('ann', 'console')
  const [shown] = here.revealed as { label: string; value: string }[]
  assert.match(shown?.label ?? '', /consumer ann/)
  assert.match(shown?.value ?? '', /^gw_/)
  const there = await addConsumer('ben', 'rest')
  assert.equal(there.revealed, undefined)
  assert.equal((there.secrets as string[]).length, 1)
})

test('schemas for forms: resources, secret managers by their id, metadata of a plugin', async () => {
  const schema = async (path: string): Promise<Record<string, unknown>> => {
    const { status, body } = await running.owner('GET', `/v1/console/schema/kinds/${path}`)
    assert.equal(status, 200, path)
    return (body.schema as { properties: Record<string, unknown> }).properties
  }
  assert.ok('uris' in (await schema('routes')))
  assert.ok('token' in (await schema('secrets?id=vault/1')))
  assert.ok('log_format' in (await schema('plugin_metadata?id=http-logger')))
  assert.equal((await running.owner('GET', '/v1/console/schema/kinds/secrets?id=constructor/1')).status, 400)
  assert.equal((await running.owner('GET', '/v1/console/schema/kinds/nothing')).status, 404)
  assert.equal((await fetch(`${running.surface}/v1/console/schema/kinds/routes`)).status, 403)
})
