import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeptValue } from '../../src/lib/kept-value.ts'

function setUp(): { kept: KeptValue<number>; clock: { now: number }; failures: unknown[] } {
  const clock = { now: 0 }
  const failures: unknown[] = []
  const kept = new KeptValue<number>({
    ttlMs: 100,
    retryMs: 10,
    now: () => clock.now,
    onFailure: (error) => failures.push(error),
  })
  return { kept, clock, failures }
}

const fail = async (): Promise<number> => {
  throw new Error('away')
}

test('one load for all who ask at once, and a new one when the value is too old', async () => {
  const { kept, clock } = setUp()
  let loads = 0
  const load = async (): Promise<number> => ++loads
  assert.deepEqual(await Promise.all([kept.get(load), kept.get(load)]), [1, 1])
  clock.now = 99
  assert.equal(await kept.get(load), 1)
  clock.now = 100
  assert.equal(await kept.get(load), 2)
})

test('without a value a failure is told, and not tried again at once', async () => {
  const { kept, clock, failures } = setUp()
  await assert.rejects(kept.get(fail), /away/)
  await assert.rejects(
    kept.get(async () => 1),
    /away/,
  )
  assert.equal(failures.length, 1)
  clock.now = 10
  assert.equal(await kept.get(async () => 1), 1)
})

test('the old value serves while a new one cannot be had', async () => {
  const { kept, clock, failures } = setUp()
  await kept.get(async () => 1)
  clock.now = 100
  assert.equal(await kept.get(fail), 1)
  assert.equal(await kept.get(async () => 2), 1)
  clock.now = 110
  assert.equal(await kept.get(async () => 2), 2)
  assert.equal(failures.length, 1)
})
