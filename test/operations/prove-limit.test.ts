// A limit is proved by its refusal, as a caller of the proof's own: what it allows stays for those who call.
import assert from 'node:assert/strict'
import { after, afterEach, test } from 'node:test'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

const gw = await gatewayForTest(() => true, ['--store', 'memory'])
after(() => gw.close())
afterEach(() => gw.clear())

interface Line {
  title: string
  expected: string
  found: string
  ok: boolean
}

async function applied(intents: object[], on: GatewayForTest = gw): Promise<Line[]> {
  const published = { do: 'publish', path: '/a/*', url: `http://${gw.api}` }
  const { proof } = (await on.change({ intents: [published, ...intents] })) as { proof: Line[] }
  return proof
}

async function statuses(count: number, headers: Record<string, string> = {}): Promise<number[]> {
  const all: number[] = []
  for (let i = 0; i < count; i++) all.push((await fetch(`${gw.gateway}/a/1`, { headers })).status)
  return all
}

test('limit: by address, the refusal is seen, and all calls are left', async () => {
  const lines = await applied([{ do: 'limit', count: 3 }])
  assert.deepEqual(lines.at(-1), {
    request: 'GET /a/1',
    title: 'call 4 is refused',
    expected: '429',
    found: 'calls 1 to 3: 200; call 4: 429',
    ok: true,
  })
  assert.deepEqual(await statuses(4), [200, 200, 200, 429])
})

test('limit: with a key, of one call, of a hundred, of two windows', async () => {
  const one = await applied([{ do: 'require_key' }, { do: 'limit', count: 1 }])
  assert.deepEqual([one.at(-1)?.found, one.every(({ ok }) => ok)], ['call 1: 200; call 2: 429', true])
  assert.deepEqual(await statuses(2, { apikey: String(gw.secrets.at(-1)?.value) }), [200, 429])
  await gw.clear()
  const hundred = await applied([{ do: 'limit', count: 100 }])
  assert.equal(hundred.at(-1)?.found, 'calls 1 to 100: 200; call 101: 429')
  await gw.clear()
  const two = await applied([
    { do: 'limit', count: 50 },
    { do: 'limit', count: 20, seconds: 3600 },
  ])
  assert.deepEqual(
    two.slice(1).map(({ found }) => found),
    ['calls 1 to 20: 200; call 21: 429'],
  )
})

test('limit: by a header, with a value of its own', async () => {
  const lines = await applied([{ do: 'limit', count: 2, by: 'header:X-Tenant' }])
  assert.equal(lines.at(-1)?.found, 'calls 1 to 2: 200; call 3: 429')
  assert.deepEqual(await statuses(3, { 'X-Tenant': 'a' }), [200, 200, 429])
})

test('limit: by consumer, as one that is made for it and taken away, which the person is told', async () => {
  const intents = [
    { do: 'publish', path: '/a/*', url: `http://${gw.api}` },
    { do: 'require_key' },
    { do: 'limit', count: 5, by: 'consumer' },
  ]
  const plan = (await gw.run('plan', { intents })) as { plan_id: string; notes: string[] }
  assert.match(plan.notes.join(), /the proof makes a consumer for itself/)
  const { proof } = (await gw.run('apply', { plan_id: plan.plan_id })) as { proof: Line[] }
  assert.equal(proof.at(-1)?.found, 'calls 1 to 5: 200; call 6: 429')
  assert.deepEqual(
    (await gw.ctx.targets.get().admin.list('consumers')).map(({ id }) => id),
    ['app'],
  )
  // One was used by the proof that the key is taken.
  assert.deepEqual(await statuses(5, { apikey: String(gw.secrets.at(-1)?.value) }), [200, 200, 200, 200, 429])
})

test('limit: by consumer, without a person who approved it no consumer is made', async () => {
  await gw.change({ intents: [{ do: 'publish', path: '/a/*', url: `http://${gw.api}` }] })
  await gw.change({ intents: [{ do: 'require_key', route: 'a' }] })
  const { policy } = gw.ctx.targets
  gw.ctx.targets.policy = () => 'destructive'
  try {
    const { approved_by, proof } = (await gw.change({
      intents: [{ do: 'limit', route: 'a', count: 5, by: 'consumer' }],
    })) as { approved_by: string; proof: Line[] }
    assert.equal(approved_by, 'policy')
    assert.match(String(proof.at(-1)?.found), /^X-RateLimit-Limit: 5; not used up: no person has approved/)
  } finally {
    gw.ctx.targets.policy = policy
  }
})

test('limit: what everybody shares, or is large, is left alone: the quota is shown, and why', async () => {
  const shared = await applied([{ do: 'limit', count: 5, by: 'everybody' }])
  const [title, expected, ok] = ['the quota is announced', 'X-RateLimit-Limit: 5', true]
  const found = 'X-RateLimit-Limit: 5; not used up: all callers share it'
  assert.deepEqual(shared.at(-1), { request: 'GET /a/1', title, expected, found, ok })
  await gw.clear()
  const large = await applied([{ do: 'limit', count: 1000 }])
  assert.match(
    String(large.at(-1)?.found),
    /^X-RateLimit-Limit: 1000; not used up: that would take more than 200 calls$/,
  )
})

test('limit: of a rate and of concurrency, some calls at once are refused, and nobody else', async () => {
  const rate = await applied([{ do: 'limit_rate', rate: 5, burst: 1 }])
  assert.deepEqual([rate.at(-1)?.title, rate.at(-1)?.ok], ['calls beyond the limit are refused', true])
  assert.match(String(rate.at(-1)?.found), /^22 calls in \d+ ms: .*\d+ x 429/)
  assert.deepEqual(await statuses(1), [200])
  await gw.clear()
  const slow = await applied([{ do: 'limit_rate', rate: 0.1 }])
  assert.match(String(slow.at(-1)?.found), /^200; not driven to its limit: calls would have to wait for 10 s$/)
  await gw.clear()
  for (const limit of [
    { do: 'limit_rate', rate: 5 },
    { do: 'limit_concurrency', count: 5 },
  ]) {
    const all = await applied([{ ...limit, by: 'everybody' }])
    assert.match(String(all.at(-1)?.found), /all callers share it/)
    await gw.clear()
  }
  await gw.clear()
  const line = (await applied([{ do: 'limit_concurrency', count: 1 }])).at(-1) as Line
  assert.equal(line.ok, true, line.found)
  assert.match(line.found, /^21 calls in \d+ ms: (?:.*429|200; they were answered too quickly)/)
})

test('limit: beside another limit, and where only certain addresses may call, nothing is used up', async () => {
  const other = await applied([
    { do: 'limit_rate', rate: 1000 },
    { do: 'limit', count: 5 },
  ])
  assert.match(String(other.at(-1)?.found), /other limits count the same calls/)
  await gw.clear()
  const lines = await applied([
    { do: 'only_ips', ips: ['127.0.0.0/8'] },
    { do: 'limit', count: 5 },
  ])
  assert.deepEqual([lines.at(-1)?.ok, /only certain addresses/.test(String(lines.at(-1)?.found))], [true, true])
})

test('limit: a gateway that believes no address but the peer’s keeps its callers’ quota', async () => {
  const plain = await gatewayForTest(() => true, ['--store', 'memory', '--gateway-trusted-proxies', '10.9.9.9'])
  try {
    const lines = await applied([{ do: 'limit', count: 5 }], plain)
    assert.match(
      String(lines.at(-1)?.found),
      /X-RateLimit-Limit: 5; not used up: others may call from the same address/,
    )
    assert.equal(lines.at(-1)?.ok, true)
  } finally {
    await plain.close()
  }
})

test('limit: names of the headers from plugin metadata; none at all', async () => {
  await gw.admin('PUT', '/plugin_metadata/limit-count', {
    limit_header: 'RateLimit-Limit',
    remaining_header: 'RateLimit-Left',
  })
  const named = await applied([{ do: 'limit', count: 2 }])
  assert.equal(named.at(-1)?.found, 'calls 1 to 2: 200; call 3: 429')
  const everybody = { do: 'limit', count: 3, by: 'everybody', route: 'a' }
  const { proof } = (await gw.change({ intents: [everybody] })) as { proof: Line[] }
  assert.match(String(proof.at(-1)?.found), /^RateLimit-Limit: 3;/)
})

test('limit: a refusal that never comes is no proof', async () => {
  await gw.change({ intents: [{ do: 'publish', path: '/a/*', url: `http://${gw.api}` }] })
  const plan = (await gw.run('plan', { intents: [{ do: 'limit', route: 'a', count: 3, by: 'header:X-Who' }] })) as {
    plan_id: string
  }
  const planned = gw.ctx.approvals.get(plan.plan_id)
  for (const one of planned.expectations) if (one.limit) one.limit.count = 2
  const { proof } = (await gw.run('apply', { plan_id: plan.plan_id })) as { proof: Line[] }
  assert.deepEqual([proof.at(-1)?.found, proof.at(-1)?.ok], ['calls 1 to 2: 200; call 3: 200', false])
})
