// How a sentence reads once the names of what is there are known.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mentioned, type Named, readings } from '../../src/surfaces/chat/names.ts'

const NAMES: Named[] = [
  { kind: 'routes', id: 'search', summary: 'GET /search -> 10.0.3.1:8000 [limit-count]' },
  { kind: 'routes', id: '17', name: 'billing', summary: '/billing/* upstream_id orders-pool' },
  { kind: 'routes', id: 'users', summary: '/users/*' },
  { kind: 'consumers', id: 'bob', summary: '[key-auth]' },
  { kind: 'upstreams', id: 'orders-pool', summary: '-> 10.0.0.1:8080 10.0.0.2:8080=5' },
]

function read(sentence: string, who?: string): string[] {
  return readings(sentence, NAMES, who).map(({ text }) => text)
}

test('names: a name is found by its kind, by what people call it, by a slip, and without its hyphen', () => {
  for (const [said, ...meant] of [
    ['limit search to 5/s', 'limit route search to 5/s'],
    ['limit serch to 5/s', 'limit search to 5/s', 'limit route search to 5/s'],
    ['limit billing to 5/s', 'limit 17 to 5/s', 'limit route 17 to 5/s'],
    ['retry twice on the orders pool', 'retry twice on the orders-pool', 'retry twice on the upstream orders-pool'],
    ['bob alone may call', 'consumer bob alone may call'],
    ['drain 10.0.0.2', 'drain 10.0.0.2:8080 on upstream orders-pool'],
  ] as const)
    assert.deepEqual(read(said), meant, said)
})

test('names: what is said before tells who or what is meant', () => {
  assert.deepEqual(read('give him 5 calls a day', 'bob'), ['give bob 5 calls a day', 'give consumer bob 5 calls a day'])
  assert.ok(read("the search route isn't needed any more, drop it").includes('drop route search'))
  // A number in the reason may be a wish of its own.
  assert.ok(!read('search is slow at 5 calls a second, drop it').some((one) => one.startsWith('drop')))
})

test('names: what is no name stays as it is', () => {
  for (const said of [
    'limit /search to 5/s',
    'call http://search/x',
    'answer "search" on users',
    'count users per minute',
    'create a consumer bobb',
    'remove 10.0.9.9:80',
  ])
    assert.deepEqual(read(said), [], said)
  assert.deepEqual(
    mentioned('users may call route users', NAMES).map(({ id }) => id),
    ['users'],
  )
})
