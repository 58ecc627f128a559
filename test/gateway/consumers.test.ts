// Who a request is, by what authentication finds in it, while consumers and credentials come, change and go in any order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerIndex } from '../../src/gateway/consumers.ts'
import type { Resource } from '../../src/resources/kinds.ts'

const noSecrets = { get: () => undefined } as never

function index(): ConsumerIndex {
  const facts = (plugin: string) =>
    plugin === 'key-auth' ? ({ type: 'auth', consumerKey: 'key' } as const) : undefined
  return new ConsumerIndex(facts, noSecrets, assert.fail)
}

const withKey = (key: unknown): Resource => ({ plugins: { 'key-auth': { key } } }) as Resource
/** Who has this key: consumer and credential. */
const who = (consumers: ConsumerIndex, key: string): string | undefined => {
  const found = consumers.find('key-auth', key)
  return found && `${found.consumer.username} ${found.credentialId ?? '-'}`
}

test('a consumer that is gone is nobody, and its credentials are nobody’s', () => {
  const consumers = index()
  consumers.setConsumer('ann', withKey('own'), 1)
  consumers.setCredential('ann', 'web', withKey('of-web'))
  assert.deepEqual([who(consumers, 'own'), who(consumers, 'of-web')], ['ann -', 'ann web'])
  consumers.setConsumer('ann', undefined, 2)
  assert.deepEqual(
    [who(consumers, 'own'), who(consumers, 'of-web'), consumers.get('ann')],
    [undefined, undefined, undefined],
  )
  consumers.setCredential('ann', 'late', withKey('late'))
  assert.equal(who(consumers, 'late'), undefined, 'there is no such consumer')
})

test('a credential that comes before its consumer is used once that is there, and follows its changes', () => {
  const consumers = index()
  consumers.setCredential('ann', 'web', withKey('of-web'))
  assert.equal(who(consumers, 'of-web'), undefined)
  consumers.setConsumer('ann', { group_id: 'one' } as Resource, 1)
  assert.equal(who(consumers, 'of-web'), 'ann web')
  consumers.setConsumer('ann', { group_id: 'two' } as Resource, 2)
  const found = consumers.find('key-auth', 'of-web')?.consumer
  assert.deepEqual([found?.groupId, found?.modifiedIndex], ['two', 2])
})

test('a key that was changed or taken away lets nobody in any more', () => {
  const consumers = index()
  consumers.setConsumer('ann', withKey('old'), 1)
  consumers.setCredential('ann', 'web', withKey('old-web'))
  consumers.setConsumer('ann', withKey('new'), 2)
  consumers.setCredential('ann', 'web', withKey('new-web'))
  assert.deepEqual(
    ['old', 'old-web', 'new', 'new-web'].map((key) => who(consumers, key)),
    [undefined, undefined, 'ann -', 'ann web'],
  )
  consumers.setCredential('ann', 'web', undefined)
  assert.deepEqual([who(consumers, 'new-web'), who(consumers, 'new')], [undefined, 'ann -'])
})

test('an empty key, or none, is nobody’s', () => {
  const consumers = index()
  consumers.setConsumer('ann', withKey(''), 1)
  consumers.setConsumer('bob', withKey(undefined), 2)
  assert.deepEqual([who(consumers, ''), who(consumers, 'undefined')], [undefined, undefined])
  assert.deepEqual(consumers.get('ann')?.plugins, {}, 'authentication data is no plugin of the consumer')
})
