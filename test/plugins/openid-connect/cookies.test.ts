import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Exchange } from '../../../src/gateway/exchange.ts'
import { HeaderList } from '../../../src/gateway/headers.ts'
import { CookieBox } from '../../../src/plugins/openid-connect/cookies.ts'

const NOW = 1_700_000_000_000
const box = new CookieBox({ secret: '0123456789abcdef' }, 'client')

/** As much of a request as cookies need. */
const request = (fields: string[] = []): Exchange => {
  const pairs = fields.map((field) => field.split('; ', 1)[0]).join('; ')
  return {
    request: { scheme: 'https', headers: HeaderList.from(pairs ? { Cookie: pairs } : {}) },
  } as unknown as Exchange
}

test('a long value is cut into several cookies, each within what browsers keep', () => {
  const value = { until: NOW + 60_000, text: 'x'.repeat(9000) }
  const fields = box.write(request(), 'session', value, NOW)
  assert.equal(fields.length, 4)
  for (const field of fields) assert.ok(field.length <= 4096)
  assert.deepEqual(box.read(request(fields), 'session', NOW), value)
  assert.equal(box.read(request(fields.slice(1)), 'session', NOW), undefined)
  assert.equal(box.read(request(fields.slice(0, 3)), 'session', NOW), undefined)
})

test('cookies of a longer value before are forgotten', () => {
  const long = box.write(
    request(),
    'session',
    { until: NOW + 60_000, text: 'x'.repeat(9000) } as { until: number },
    NOW,
  )
  const short = box.write(request(long), 'session', { until: NOW + 60_000 }, NOW)
  assert.deepEqual(
    short.map((field) => field.includes('Max-Age=0')),
    [false, true, true, true],
  )
})

test('a value too long for all cookies is not written', () => {
  const value = { until: NOW + 60_000, text: 'x'.repeat(20_000) }
  assert.throws(() => box.write(request(), 'session', value, NOW), /takes \d+ bytes, cookies have room for 15200/)
})

test('what has ended, was changed, or is for something else does not count', () => {
  const fields = box.write(request(), 'login', { until: NOW + 1000 }, NOW)
  assert.ok(box.read(request(fields), 'login', NOW))
  assert.equal(box.read(request(fields), 'login', NOW + 1000), undefined)
  const renamed = fields.map((field) => field.replace('_login_', '_session_'))
  assert.equal(box.read(request(renamed), 'session', NOW), undefined)
  assert.equal(new CookieBox({ secret: 'fedcba9876543210' }, 'client').read(request(fields), 'login', NOW), undefined)
})
