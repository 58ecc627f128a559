// What a plan may hold, what the audit log says of it, and when a person is asked.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { OperationError } from '../../src/operations/contract.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

let gw: GatewayForTest
let asked = 0
let answer = true

before(async () => {
  gw = await gatewayForTest(() => {
    asked++
    return answer
  }, ['--store', 'memory'])
})
after(() => gw.close())
beforeEach(async () => {
  asked = 0
  answer = true
  await gw.clear()
})

const fails = (code: OperationError['code'], pattern: RegExp) => (error: unknown) =>
  error instanceof OperationError && error.code === code && pattern.test(error.message)
const create = (id: string | undefined, more: object = {}) => ({
  action: 'create',
  kind: 'routes',
  ...(id === undefined ? {} : { id }),
  set: { uri: '/a', upstream: { type: 'roundrobin', nodes: { [gw.api]: 1 } }, ...more },
})
const plan = (...changes: object[]) => gw.run('plan', { changes })

test('a resource stands in a plan once, and not too many do', async () => {
  await assert.rejects(
    plan(create('a'), create('b'), create('a')),
    fails('invalid', /routes\/a stands in the plan twice/),
  )
  const many = Array.from({ length: 501 }, (_, i) => create(`r${i}`))
  await assert.rejects(plan(...many), fails('invalid', /at most 500 changes, this one has 501/))
})

test('an id that is made of a name is short', async () => {
  const { plan_id } = await plan(create(undefined, { name: `Orders ${'x'.repeat(90)}` }))
  assert.equal(gw.ctx.approvals.get(String(plan_id)).changes[0]?.id, `orders-${'x'.repeat(53)}`)
})

test('the audit log has what was planned by its digest, and not more of a long diff than is read', async () => {
  const { plan_id, digest } = await plan(create('a', { desc: 'd'.repeat(200) }))
  const long = await plan(...Array.from({ length: 100 }, (_, i) => create(`r${i}`, { desc: 'd'.repeat(200) })))
  const [second, first] = gw.ctx.ledger.auditEntries(2).map(({ action, detail }) => ({ action, ...JSON.parse(detail) }))
  assert.deepEqual([first.action, first.plan, first.digest], ['plan', plan_id, digest])
  assert.match(first.diff, /\+ create routes\/a[\s\S]*d{200}/)
  assert.equal(second.digest, long.digest)
  assert.ok(second.diff.length < 8100, `${second.diff.length} characters`)
  assert.match(second.diff, /\n\.\.\. \d{5,} characters in all$/)
})

test('by the policy `destructive` a routine change is written unasked, any other only by a person’s word', async () => {
  const { policy } = gw.ctx.targets
  gw.ctx.targets.policy = () => 'destructive'
  try {
    const routine = await gw.run('apply', { plan_id: (await plan(create('a'))).plan_id })
    assert.deepEqual([routine.approved_by, asked], ['policy', 0])
    const gone = { action: 'delete', kind: 'routes', id: 'a' }
    answer = false
    await assert.rejects(gw.change({ changes: [gone] }), fails('refused', /rejected/))
    assert.deepEqual([asked, (await gw.admin('GET', '/routes/a')).status], [1, 200])
    answer = true
    assert.equal((await gw.change({ changes: [gone] })).approved_by, 'person')
    assert.deepEqual([asked, (await gw.admin('GET', '/routes/a')).status], [2, 404])
  } finally {
    gw.ctx.targets.policy = policy
  }
})
