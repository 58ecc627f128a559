// Changes on trial: taken back when nobody confirms them or when requests begin to fail, kept when somebody does; and plans that expire.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { Approvals } from '../../src/operations/approval.ts'
import { Confirmations } from '../../src/operations/confirmations.ts'
import { OperationError } from '../../src/operations/contract.ts'
import { Targets } from '../../src/operations/targets.ts'
import { requestsIn } from '../../src/operations/traffic/counts.ts'
import { until } from '../until.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

let gw: GatewayForTest
before(async () => {
  gw = await gatewayForTest(() => true, ['--store', 'memory'])
})
after(() => gw.close())
beforeEach(async () => {
  for (const { id } of gw.ctx.ledger.trials()) gw.ctx.ledger.takeTrial(id)
  await gw.clear()
  const plugins = { prometheus: {} }
  await gw.admin('PUT', '/routes/a', { uri: '/a', plugins, upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } } })
})

const fails = (code: OperationError['code'], pattern: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && pattern.test(error.message)
const onTrial = async (set: object): Promise<Record<string, unknown>> => {
  const plan = await gw.run('plan', { changes: [{ action: 'change', kind: 'routes', id: 'a', set }] })
  return gw.run('apply', { plan_id: plan.plan_id, confirm_seconds: 60 })
}
const desc = async (): Promise<unknown> =>
  ((await gw.admin('GET', '/routes/a')).body.value as Record<string, unknown>).desc
const { now } = Date

test('trial: taken back when its time is over, not before, and the audit log says why', async () => {
  const applied = await onTrial({ desc: 'trial' })
  assert.ok(Date.parse(String(applied.confirm_by)) > now())
  const { changes } = (await gw.run('history', {})) as { changes: { confirm_by?: string }[] }
  assert.equal(changes[0]?.confirm_by, applied.confirm_by)
  await gw.ctx.confirmations.sweep(now())
  assert.equal(await desc(), 'trial')
  await gw.ctx.confirmations.sweep(now() + 61_000)
  assert.equal(await desc(), undefined)
  const entries = gw.ctx.ledger.auditEntries(3)
  assert.match(String(entries.find((one) => one.action === 'trial_ended')?.detail), /nobody confirmed/)
  assert.equal(entries.find((one) => one.action === 'undo')?.subject, 'gateward')
})

test('trial: confirmed, it stays; confirmed twice or without a trial is told', async () => {
  const { change_id: id } = await onTrial({ desc: 'kept' })
  assert.equal((await gw.run('confirm', {})).change_id, id)
  await gw.ctx.confirmations.sweep(now() + 61_000)
  assert.equal(await desc(), 'kept')
  await assert.rejects(gw.run('confirm', { change_id: id }), fails('not_found', /on trial/))
})

test('trial: what somebody has changed since is not overwritten', async () => {
  await onTrial({ desc: 'trial' })
  await gw.admin('PATCH', '/routes/a', { desc: 'by hand' })
  await assert.rejects(gw.ctx.confirmations.sweep(now() + 61_000), fails('conflict', /changed since/))
  assert.equal(await desc(), 'by hand')
  assert.equal(gw.ctx.ledger.trials().length, 0)
  assert.equal(gw.ctx.ledger.auditEntries(1)[0]?.action, 'trial_failed')
})

test('trial: another process, after this one has ended, takes it back; a confirmed one it leaves', async () => {
  const { change_id: kept } = await onTrial({ name: 'kept' })
  await gw.run('confirm', { change_id: kept })
  await onTrial({ desc: 'trial' })
  await new Confirmations(gw.ctx.ledger, gw.ctx.targets).sweep(now() + 61_000)
  const { value } = (await gw.admin('GET', '/routes/a')).body as { value: Record<string, unknown> }
  assert.deepEqual([value.name, value.desc], ['kept', undefined])
})

test('trial: a target that does not answer when the time is over delays it, no more', async () => {
  await onTrial({ desc: 'trial' })
  const embedded = gw.ctx.targets.get()
  const away = new Targets([{ ...embedded, adminUrl: 'http://127.0.0.1:1' }])
  const elsewhere = new Confirmations(gw.ctx.ledger, away)
  await assert.rejects(elsewhere.sweep(now() + 61_000), fails('unreachable', /does not answer/))
  assert.equal(gw.ctx.ledger.auditEntries(1)[0]?.action, 'trial_delayed')
  assert.equal(await desc(), 'trial')
  await gw.ctx.confirmations.sweep(now() + 62_000) // somebody else is at it
  assert.equal(await desc(), 'trial')
  await gw.ctx.confirmations.sweep(now() + 95_000)
  assert.equal(await desc(), undefined)
  assert.deepEqual(gw.ctx.ledger.trials(), [])
})

test('trial: a surface that may only read neither confirms nor applies what was approved elsewhere', async () => {
  const { change_id: id } = await onTrial({ desc: 'trial' })
  const { plan_id: plan } = await gw.run('plan', {
    changes: [{ action: 'change', kind: 'routes', id: 'a', set: { name: 'n' } }],
  })
  const { digest } = gw.ctx.approvals.get(String(plan))
  gw.ctx.approvals.grant(String(plan), digest, 'person')
  const { targets, caller } = gw.ctx
  gw.ctx.targets = new Targets([targets.get()], { mcp: 'read-only' })
  gw.ctx.caller = { surface: 'mcp', subject: 'model' }
  try {
    await assert.rejects(gw.run('apply', { plan_id: plan }), fails('refused', /read-only for mcp/))
    gw.ctx.confirmations = new Confirmations(gw.ctx.ledger, gw.ctx.targets)
    await assert.rejects(gw.run('confirm', { change_id: id }), fails('refused', /read-only for mcp/))
  } finally {
    Object.assign(gw.ctx, { targets, caller, confirmations: new Confirmations(gw.ctx.ledger, targets) })
  }
})

test('trial: the person is told that it is one', async () => {
  const { ask } = gw.ctx
  let impact: string[] = []
  gw.ctx.ask = async (request) => {
    impact = request.impact
    return 'person'
  }
  await onTrial({ desc: 'trial' })
  gw.ctx.ask = ask
  assert.match(impact.join('\n'), /takes itself back after 60 s/)
})

test('trial: what was approved for good is not taken back, and an older page does not approve a trial', async () => {
  const { approvals } = gw.ctx
  const wish = (text: string) => ({ changes: [{ action: 'change', kind: 'routes', id: 'a', set: { desc: text } }] })
  const { plan_id: id, digest } = await gw.run('plan', wish('for good'))
  approvals.grant(String(id), String(digest), 'person')
  await assert.rejects(
    gw.run('apply', { plan_id: id, confirm_seconds: 5 }),
    fails('refused', /was approved for good, not on trial for 5 s/),
  )
  assert.equal((await gw.run('apply', { plan_id: id })).confirm_by, undefined)

  const { plan_id: other, digest: shown } = await gw.run('plan', wish('on trial'))
  approvals.settleTrial(String(other), 60)
  assert.throws(
    () => approvals.grant(String(other), String(shown), 'person'),
    fails('refused', /not the one that was shown/),
  )
  approvals.grant(String(other), approvals.get(String(other)).digest, 'person')
  await assert.rejects(gw.run('apply', { plan_id: other, confirm_seconds: 5 }), fails('refused', /on trial for 60 s/))
  assert.ok((await gw.run('apply', { plan_id: other })).confirm_by, 'it is what was approved')
})

test('trial: taken back at once when the requests of its routes begin to fail', async () => {
  const broken = http.createServer((_, response) => response.writeHead(500).end())
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve))
  const node = `127.0.0.1:${(broken.address() as AddressInfo).port}`
  await onTrial({ upstream: { nodes: { [gw.api]: null, [node]: 1 } } })
  await gw.ctx.confirmations.sweep(now())
  for (let i = 0; i < 12; i++) assert.equal((await fetch(`${gw.gateway}/a`)).status, 500)
  const { traffic } = gw.ctx.targets.get()
  const counted = async (): Promise<number> =>
    (await traffic.sinceStart(new AbortController().signal)).reduce((sum, one) => sum + requestsIn(one), 0)
  await until(async () => (await counted()) >= 12)
  await gw.ctx.confirmations.sweep(now() + 6000)
  assert.equal((await fetch(`${gw.gateway}/a`)).status, 200)
  assert.match(
    String(gw.ctx.ledger.auditEntries(3).find((one) => one.action === 'trial_ended')?.detail),
    /100 % of 12 requests failed/,
  )
  broken.close()
  broken.closeAllConnections()
})

test('a plan that has expired is not applied', async () => {
  const { approvals } = gw.ctx
  gw.ctx.approvals = new Approvals(30)
  const plan = await gw.run('plan', { changes: [{ action: 'change', kind: 'routes', id: 'a', set: { desc: 'late' } }] })
  await new Promise((resolve) => setTimeout(resolve, 40))
  await assert.rejects(gw.run('apply', { plan_id: plan.plan_id }), fails('not_found', /expired; plan again/))
  assert.equal(await desc(), undefined)
  gw.ctx.approvals = approvals
})
