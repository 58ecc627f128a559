import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ageSeconds,
  allowedSeconds,
  clientHas,
  forbidsStorage,
  parseDirectives,
  type ReadField,
  secondsOf,
} from '../../src/lib/cache-control.ts'
import { type CacheEntry, decodeCached, encodeEntry } from '../../src/lib/cache-entry.ts'
import { freshnessOf } from '../../src/lib/cache-freshness.ts'

const fields =
  (values: Record<string, string>): ReadField =>
  (name) =>
    values[name]
const NOW = Date.parse('Mon, 01 Jan 2024 00:00:00 GMT')

test('directives with and without arguments, quoted, in any case', () => {
  const directives = parseDirectives('No-Cache, max-age=60 , private="set-cookie", s-maxage=x')
  assert.deepEqual([...directives.keys()], ['no-cache', 'max-age', 'private', 's-maxage'])
  assert.equal(secondsOf(directives, 'max-age'), 60)
  assert.equal(secondsOf(directives, 's-maxage'), undefined)
  assert.equal(directives.get('private'), 'set-cookie')
  assert.ok(forbidsStorage(directives))
  assert.ok(!forbidsStorage(parseDirectives('max-age=1, public')))
})

test('how long the origin allows', () => {
  const allowed = (control: string, values: Record<string, string> = {}): number | undefined =>
    allowedSeconds(parseDirectives(control), fields(values), NOW)
  assert.equal(allowed('max-age=60, s-maxage=5'), 5)
  assert.equal(allowed('', { expires: 'Mon, 01 Jan 2024 00:01:00 GMT' }), 60)
  assert.equal(allowed('', { expires: 'Mon, 01 Jan 2024 00:01:00 GMT', date: 'Mon, 01 Jan 2024 00:00:50 GMT' }), 10)
  assert.equal(allowed('', { expires: '0' }), 0)
  assert.equal(allowed('public'), undefined)
  assert.equal(ageSeconds(fields({ age: '12' })), 12)
  assert.equal(ageSeconds(fields({ age: 'old' })), 0)
})

test('whether the client has it already', () => {
  const etag = fields({ etag: 'W/"a,b"', 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' })
  assert.ok(clientHas(fields({ 'if-none-match': '*' }), etag))
  assert.ok(clientHas(fields({ 'if-none-match': '"x", "y"' }), fields({ etag: '"y"' })))
  assert.ok(!clientHas(fields({ 'if-none-match': '"x"', 'if-modified-since': 'Tue, 02 Jan 2024 00:00:00 GMT' }), etag))
  assert.ok(clientHas(fields({ 'if-modified-since': 'Mon, 01 Jan 2024 00:00:00 GMT' }), etag))
  assert.ok(!clientHas(fields({ 'if-modified-since': 'Sun, 31 Dec 2023 00:00:00 GMT' }), etag))
  assert.ok(!clientHas(fields({}), etag))
})

test('freshness, as the client wants it', () => {
  const entry: CacheEntry = {
    status: 200,
    headers: ['Cache-Control', 'max-age=60'],
    storedAt: NOW,
    expiresAt: NOW + 60_000,
    ageSeconds: 5,
    body: Buffer.from('body'),
  }
  const after = (seconds: number, asked = '', one = entry): string =>
    freshnessOf(one, parseDirectives(asked), NOW + seconds * 1000)
  assert.equal(after(30), 'HIT')
  assert.equal(after(60), 'EXPIRED')
  assert.equal(after(10, 'max-age=14'), 'STALE')
  assert.equal(after(10, 'max-age=15'), 'HIT')
  assert.equal(after(50, 'min-fresh=20'), 'STALE')
  assert.equal(after(70, 'max-stale'), 'HIT')
  assert.equal(after(70, 'max-stale=5'), 'EXPIRED')
  const strict = { ...entry, headers: ['cache-control', 'must-revalidate'] }
  assert.equal(after(70, 'max-stale', strict), 'EXPIRED')
  assert.deepEqual(decodeCached(encodeEntry(entry)), entry)
})
