// References to secrets that cannot be resolved: nobody gets in by their text, and what needs them refuses.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { threadForTest } from './thread-for-test.ts'

const mocking = { response_status: 200, response_example: '{"ok":true}' }

function keyed(key: string): Record<string, object> {
  return {
    'consumers/jack': { username: 'jack', plugins: { 'key-auth': { key } } },
    'routes/a': { uri: '/a', plugins: { 'key-auth': {}, mocking } },
  }
}

async function statusWith(resources: Record<string, object>, headers: Record<string, string>): Promise<number> {
  const thread = threadForTest(resources)
  after(() => thread.close())
  return (await thread.inject({ target: '/a', headers })).status
}

for (const reference of [
  '$env://GATEWARD_TEST_MISSING',
  '$secret://vault/1/jack/key',
  '$ENV://GATEWARD_TEST_MISSING',
]) {
  test(`the text of ${reference} is no key`, async () => {
    assert.equal(await statusWith(keyed(reference), { apikey: reference }), 401)
  })
}

test('an empty value is no key', async () => {
  process.env.GATEWARD_TEST_EMPTY = ''
  after(() => delete process.env.GATEWARD_TEST_EMPTY)
  assert.equal(await statusWith(keyed('$env://GATEWARD_TEST_EMPTY'), { apikey: '' }), 401)
})

test('a resolved reference is the key, its text is not', async () => {
  process.env.GATEWARD_TEST_KEY = 'jacks-own'
  after(() => delete process.env.GATEWARD_TEST_KEY)
  assert.equal(await statusWith(keyed('$env://GATEWARD_TEST_KEY'), { apikey: 'jacks-own' }), 200)
  assert.equal(await statusWith(keyed('$env://GATEWARD_TEST_KEY'), { apikey: '$env://GATEWARD_TEST_KEY' }), 401)
})

test('a plugin with an unresolved reference refuses its requests', async () => {
  const plugins = { csrf: { key: '$secret://vault/1/csrf/key' }, mocking }
  assert.equal(await statusWith({ 'routes/a': { uri: '/a', plugins } }, {}), 500)
})
