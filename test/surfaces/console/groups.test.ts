import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sortByPlace, toRanges, within } from '../../../src/surfaces/console/groups.ts'

const placed = (...places: string[]): { id: string; place: string }[] =>
  places.map((place, i) => ({ id: `${i}`, place }))
const labels = (max: number, ...places: string[]): string[] =>
  toRanges(sortByPlace(placed(...places)), max).map((one) => `${one.label} ${one.routes.length}`)

test('groups: few routes are lanes of their own, in the order of host and path', () => {
  assert.deepEqual(labels(5, '/b', 'shop.example/a', '/a/1'), ['/a/1 1', '/b 1', 'shop.example/a 1'])
})

test('groups: many are split by host, then by path, the largest first', () => {
  const shop = ['shop.example/a/1', 'shop.example/a/2', 'shop.example/b/1', 'shop.example/b/2']
  assert.deepEqual(labels(3, ...shop, '/x'), ['/x 1', 'shop.example/a/… 2', 'shop.example/b/… 2'])
  assert.deepEqual(labels(2, ...shop, '/x'), ['/x 1', 'shop.example/… 4'])
})

test('groups: a sign that sorts before the slash keeps no path apart', () => {
  assert.deepEqual(labels(2, '/a', '/a-b/1', '/a/1', '/a/2'), ['/a/… 3', '/a-b/1 1'])
})

test('groups: ten thousand that part nowhere are cut into ranges, each of which opens again', () => {
  let routes = sortByPlace(placed(...Array.from({ length: 10_000 }, (_, i) => `/r${i}/*`)))
  for (const expected of [10_000, 250, 7]) {
    assert.equal(routes.length, expected)
    const ranges = toRanges(routes, 40)
    assert.ok(ranges.length <= 40)
    assert.equal(
      ranges.reduce((sum, one) => sum + one.routes.length, 0),
      expected,
    )
    const [first] = ranges
    const [from, to] = [first?.routes[0]?.id as string, first?.routes.at(-1)?.id as string]
    routes = within(routes, from, to)
  }
  assert.deepEqual(within(routes, 'gone', '1'), [])
})
