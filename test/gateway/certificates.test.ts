import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Certificates } from '../../src/gateway/certificates.ts'
import { Config } from '../../src/gateway/config.ts'
import { ConsumerIndex } from '../../src/gateway/consumers.ts'
import { ResolvedResources } from '../../src/gateway/resolved-resources.ts'
import { createLogger } from '../../src/lib/log.ts'
import { makeCertificate } from './listening.ts'

test('versions of a name for which the settings have no cipher are an error that says so', () => {
  const log = createLogger('silent')
  const config = new Config(
    new ConsumerIndex(
      () => undefined,
      new Map(),
      () => {},
    ),
  )
  const text = JSON.stringify({ ...makeCertificate('a.example'), sni: 'a.example', ssl_protocols: ['TLSv1.2'] })
  config.apply([{ key: 'ssls/1', text, createdIndex: 1, modifiedIndex: 1 }])
  const usual = { versions: ['TLSv1.3'], ciphers: 'TLS_AES_128_GCM_SHA256' }
  const certificates = new Certificates(config, new ResolvedResources(config, new Map(), log), log, usual)
  assert.throws(() => certificates.termsOf('a.example')?.secure(), /ssl_protocols is TLSv1.2 alone/)
})
