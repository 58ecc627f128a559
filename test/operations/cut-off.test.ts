// Changes that are cut off between the write and its answer: they are known all the same, and can be taken back.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { Confirmations } from '../../src/operations/confirmations.ts'
import { OperationError } from '../../src/operations/contract.ts'
import type { AppliedChange } from '../../src/operations/ledger.ts'
import { settleAll } from '../../src/operations/settle.ts'
import { type TargetSettings, Targets } from '../../src/operations/targets.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'
import { type PlainTarget, plainTarget } from './plain-target.ts'

let gw: GatewayForTest
/** The embedded gateway, and an APISIX without transactions, over connections that can be cut. */
let whole: PlainTarget
let plain: PlainTarget
let known: Targets
before(async () => {
  gw = await gatewayForTest(() => true, ['--store', 'memory'])
  const { adminUrl } = gw.ctx.targets.get()
  whole = await plainTarget(adminUrl, 'Gateward', [])
  plain = await plainTarget(adminUrl, 'APISIX/3.2.0', ['/gateward', '/configs/validate'])
  const target = (name: string, { url }: PlainTarget): TargetSettings => ({
    ...gw.ctx.targets.get(),
    name,
    adminUrl: url,
  })
  known = new Targets([target('whole', whole), target('plain', plain)])
  gw.ctx.targets = known
  gw.ctx.confirmations = new Confirmations(gw.ctx.ledger, known)
})
after(async () => {
  whole.close()
  plain.close()
  await gw.close()
})
afterEach(async () => {
  for (const one of [whole, plain])
    Object.assign(one, { before: () => undefined, after: () => false, written: (body: string) => body })
  gw.ctx.now = Date.now
  const { admin } = known.get('whole')
  for (const kind of ['routes', 'upstreams', 'consumers'] as const)
    for (const { id } of await admin.list(kind)) await admin.raw('DELETE', `/${kind}/${id}`)
})

const fails = (code: OperationError['code'], pattern: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && pattern.test(error.message)
const isWrite = (method: string, path: string): boolean =>
  method === 'PUT' || (method === 'POST' && path.endsWith('/transaction'))
const make = (id: string): object => ({
  action: 'create',
  kind: 'routes',
  id,
  set: { uri: `/${id}`, upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } } },
})
const there = async (id: string): Promise<boolean> => (await known.get('whole').admin.get('routes', id)) !== undefined
const history = async (): Promise<{ id: string; state?: string }[]> =>
  ((await gw.run('history', { limit: 1 })) as { changes: { id: string; state?: string }[] }).changes

for (const name of ['whole', 'plain'])
  test(`cut off: ${name} drops the connection after it has written: applied, and undone`, async () => {
    let cuts = 0
    const target = name === 'whole' ? whole : plain
    const { plan_id } = await gw.run('plan', { target: name, changes: [make('a')] })
    target.after = (method, path) => isWrite(method, path) && cuts++ === 0
    const applied = await gw.run('apply', { plan_id })
    assert.equal(await there('a'), true)
    const [last] = await history()
    assert.deepEqual([last?.id, last?.state], [applied.change_id, undefined])
    await gw.run('undo', {})
    assert.equal(await there('a'), false)
  })

test('cut off: before it was written nothing is there, and nothing is undone instead', async () => {
  await gw.change({ target: 'whole', changes: [make('first')] })
  let lost = true
  plain.before = (method) => (method === 'PUT' && lost ? 502 : undefined)
  await assert.rejects(gw.change({ target: 'plain', changes: [make('a')] }), fails('target', /not now/))
  lost = false
  assert.equal((await history())[0]?.state, 'not applied')
  gw.ctx.now = () => Date.now() + 61_000
  assert.equal((await history())[0]?.state, undefined, 'by then nothing of it can come any more')
  gw.ctx.now = Date.now
  await gw.run('undo', {})
  assert.equal(await there('first'), false)
})

test('cut off: some of it written, then the target is gone: unknown, then partly, and that part is undone', async () => {
  const { admin } = known.get('whole')
  let gone = false
  plain.after = (method) => {
    gone ||= method === 'PUT'
    return gone
  }
  plain.before = () => (gone ? 503 : undefined)
  const plan = { target: 'plain', changes: [make('a'), make('b')] }
  await assert.rejects(gw.change(plan), (error: Error) =>
    /whether it was written is not known: history says it/.test(error.message),
  )
  assert.deepEqual([await there('a'), await there('b')], [true, false])
  const [unknown] = await history()
  assert.match(String(unknown?.state), /^not known whether it was applied: /)
  const { id: _id, ...same } = gw.ctx.ledger.change(String(unknown?.id)) as AppliedChange
  gw.ctx.ledger.addChange({ ...same, id: 'change-other', at: same.at - 1 })
  gw.ctx.ledger.leave('change-other')
  plain.seen = []
  const both = await settleAll(gw.ctx)
  assert.deepEqual([both.size, plain.seen.length], [2, 1], 'a target that does not answer is asked once')
  gw.ctx.ledger.settle('change-other', 'none', [])
  await assert.rejects(gw.run('undo', {}), OperationError)
  gone = false
  plain.after = () => false
  assert.match(String((await history())[0]?.state), /^partly applied/)
  assert.match(String(gw.ctx.ledger.auditEntries(1)[0]?.detail), /"outcome":"partly"/)
  await gw.run('undo', {})
  assert.equal((await admin.list('routes')).length, 0)
})

test('cut off: an undo that is cut off has undone; a trial takes back what was cut off; new keys are not lost', async () => {
  let cut = false
  let cuts = 0
  whole.after = (method, path) => cut && isWrite(method, path) && cuts++ === 0
  await gw.change({ target: 'whole', changes: [make('a')] })
  cut = true
  const { change_id: undo } = await gw.run('undo', {})
  assert.equal(gw.ctx.ledger.change(String(undo))?.outcome, 'applied')
  assert.ok(gw.ctx.ledger.isUndo(String(undo)))

  // As a process leaves it that is killed there: written, and nothing noted.
  const { admin } = known.get('whole')
  const set = { uri: '/t', upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } } }
  const secrets = [{ label: 'key of the cut off', value: 'gw_secret' }]
  const id = 'change-killed'
  const planned = {
    action: 'create' as const,
    kind: 'routes' as const,
    id: 't',
    before: undefined,
    after: { id: 't', ...set },
    version: 0,
  }
  gw.ctx.ledger.addChange(
    { id, at: Date.now(), target: 'whole', summary: 's', changes: [planned], approvedBy: 'p', surface: 'cli' },
    { secrets, trialUntil: Date.now() + 1000 },
  )
  await admin.raw('PUT', '/routes/t', set)
  await gw.ctx.confirmations.sweep(Date.now() + 2000)
  assert.equal(await there('t'), true, 'as long as it is being written it is left alone')
  gw.ctx.ledger.leave(id)
  await settleAll(gw.ctx)
  assert.deepEqual(gw.ctx.ledger.takeSecrets(), secrets)
  await gw.ctx.confirmations.sweep(Date.now() + 2000)
  assert.equal(await there('t'), false)
})

test('undo knows what a version before 3.14 adds to what it is given', async () => {
  plain.written = (body, path) =>
    path.includes('/routes') && body ? JSON.stringify({ ...JSON.parse(body), priority: 0, status: 1 }) : body
  await gw.change({ target: 'plain', changes: [make('a')] })
  await gw.change({ target: 'plain', changes: [{ action: 'change', kind: 'routes', id: 'a', set: { desc: 'x' } }] })
  await gw.run('undo', {})
  await gw.run('undo', {})
  assert.equal(await there('a'), false)
})
