import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkSession, lifetimeMs, usesAt } from '../../../src/plugins/openid-connect/session.ts'

const secret = '0123456789abcdef'
const at = (seconds: number): number => 1_700_000_000_000 + seconds * 1000
const login = { usedAt: at(0), rolledAt: at(0) }

test('a session that nothing bounds but its lifetime is never written again', () => {
  assert.equal(usesAt({ secret }, login, at(100_000)), login)
  assert.equal(lifetimeMs({ secret }), 3_600_000)
  assert.equal(lifetimeMs({ secret, cookie: { lifetime: 5 } }), 5000)
  assert.equal(lifetimeMs({ secret, cookie: { lifetime: 5 }, absolute_timeout: 7 }), 7000)
})

test('an idle session ends; one in use is written again after a part of the time', () => {
  const conf = { secret, idling_timeout: 100 }
  assert.equal(usesAt(conf, login, at(24)), login)
  assert.deepEqual(usesAt(conf, login, at(25)), { usedAt: at(25), rolledAt: at(0) })
  assert.equal(usesAt(conf, login, at(100)), undefined)
  assert.equal(usesAt({ secret, idling_timeout: 3600 }, login, at(59)), login)
  assert.notEqual(usesAt({ secret, idling_timeout: 3600 }, login, at(60)), login)
})

test('a rolling session lives on when it is used in its last quarter', () => {
  const conf = { secret, rolling_timeout: 100 }
  assert.equal(usesAt(conf, login, at(74)), login)
  assert.deepEqual(usesAt(conf, login, at(75)), { usedAt: at(75), rolledAt: at(75) })
  assert.equal(usesAt(conf, login, at(100)), undefined)
})

test('what browsers or this gateway cannot keep is refused', () => {
  assert.throws(() => checkSession({ secret, storage: 'redis' }), /"session.redis" is required/)
  assert.throws(
    () => checkSession({ secret, cookie_same_site: 'None', cookie_secure: false }),
    /needs "session.cookie_secure"/,
  )
})
