// What the outcome of a check or of a request says of a node, with APISIX's defaults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthRules } from '../../../src/gateway/upstream/health-rules.ts'

const statuses = (rules: HealthRules, event: string): number[] =>
  Array.from({ length: 500 }, (_, i) => 100 + i).filter((status) => rules.judge({ status }) === event)

test('without more words APISIX’s statuses and counts hold', () => {
  const [active, passive] = [HealthRules.active({}), HealthRules.passive({})]
  assert.deepEqual(active.limits, { success: 2, tcp_failure: 2, http_failure: 5, timeout_failure: 3 })
  assert.deepEqual(passive.limits, { success: 5, tcp_failure: 2, http_failure: 5, timeout_failure: 7 })
  assert.deepEqual(statuses(active, 'success'), [200, 302])
  assert.deepEqual(statuses(active, 'http_failure'), [429, 404, 500, 501, 502, 503, 504, 505].sort())
  assert.deepEqual(
    statuses(passive, 'success'),
    [200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308],
  )
  assert.deepEqual(statuses(passive, 'http_failure'), [429, 500, 503])
})

test('what is named holds in place of the defaults; a count of 0 switches its event off', () => {
  const rules = HealthRules.active({
    healthy: { http_statuses: [204], successes: 1 },
    unhealthy: { http_statuses: [418], http_failures: 0, tcp_failures: 4, timeouts: 0 },
  })
  assert.deepEqual(rules.limits, { success: 1, tcp_failure: 4, http_failure: 0, timeout_failure: 0 })
  assert.deepEqual(statuses(rules, 'success'), [204])
  assert.deepEqual(statuses(rules, 'http_failure'), [])
  assert.equal(rules.judge({ timeout: true }), undefined)
  assert.equal(rules.judge({ tcpFailure: true }), 'tcp_failure')
})

test('for a tcp check a connection is a success, whatever came over it', () => {
  const rules = HealthRules.passive({ type: 'tcp' })
  assert.equal(rules.judge({ status: 500 }), 'success')
  assert.equal(rules.judge({ tcpFailure: true }), 'tcp_failure')
  assert.equal(rules.judge({ timeout: true, tcpFailure: true }), 'timeout_failure')
})
