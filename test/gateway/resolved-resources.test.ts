// Certificates whose text stands elsewhere: in the environment, in a secret manager.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSecureContext } from 'node:tls'
import { Certificates } from '../../src/gateway/certificates.ts'
import { createLogger } from '../../src/lib/log.ts'
import { makeCertificate } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

test('references of ssl resources are resolved, and again when the value changes', () => {
  const [first, second] = [makeCertificate('first.test'), makeCertificate('second.test')]
  process.env.GATEWARD_TEST_CERT = first.cert
  const thread = threadForTest()
  const certificates = new Certificates(thread.config, thread.resolved, createLogger('silent'))
  /** Whether a handshake for this name has a certificate. */
  const served = (name: string): boolean => {
    let found: unknown
    certificates.serverOptions().SNICallback?.(name, (_error, context) => {
      found = context
    })
    return found !== undefined
  }
  thread.takeSecrets([['$secret://vault/1/tls/key', first.key]], [])
  thread.put('ssls/1', { sni: 'first.test', cert: '$env://GATEWARD_TEST_CERT', key: '$secret://vault/1/tls/key' })
  assert.equal(served('first.test'), true)
  assert.equal(thread.resolved.get('ssls', '1')?.key, first.key)
  assert.equal(thread.config.get('ssls', '1')?.key, '$secret://vault/1/tls/key')

  thread.takeSecrets([['$secret://vault/1/tls/key', second.key]], ['ssls/1'])
  assert.equal(thread.resolved.get('ssls', '1')?.key, second.key)
  assert.throws(() => createSecureContext({ cert: first.cert, key: second.key }))
  assert.equal(served('first.test'), false, 'a key of another certificate serves nobody')

  thread.put('ssls/2', { sni: 'second.test', cert: '$env://GATEWARD_TEST_MISSING', key: second.key })
  assert.equal(served('second.test'), false)
  process.env.GATEWARD_TEST_MISSING = second.cert
  thread.takeSecrets([], ['ssls/2'])
  assert.equal(served('second.test'), true)
  thread.close()
})

test('plugin metadata is resolved; without a value of its reference there is none', async () => {
  const thread = threadForTest()
  process.env.GATEWARD_TEST_PAGE = 'closed today'
  const pages = (body: string) => ({ id: 'error-page', enable: true, error_404: { body } })
  thread.put('global_rules/1', { id: '1', plugins: { 'error-page': {} } })
  const body = async () => (await thread.inject({ method: 'GET', target: '/nowhere' })).body.toString()
  thread.put('plugin_metadata/error-page', pages('$env://GATEWARD_TEST_PAGE'))
  assert.equal(await body(), 'closed today')
  thread.put('plugin_metadata/error-page', pages('$env://GATEWARD_TEST_NO_PAGE'))
  assert.doesNotMatch(await body(), /\$env|closed/)
  thread.close()
})
