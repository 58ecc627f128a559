import assert from 'node:assert/strict'
import { test } from 'node:test'
import tls from 'node:tls'
import { Certificates } from '../../src/gateway/certificates.ts'
import { Config } from '../../src/gateway/config.ts'
import { ConsumerIndex } from '../../src/gateway/consumers.ts'
import { ResolvedResources } from '../../src/gateway/resolved-resources.ts'
import { createLogger } from '../../src/lib/log.ts'
import { listenForTest, makeCertificate, makeRsaCertificate } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

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

test('a name has the versions that its ssl_protocols say, TLS 1.1 too; others keep the usual ones', async () => {
  const thread = threadForTest()
  thread.put('routes/1', { uri: '/*', plugins: { mocking: {} } })
  const names = { old: ['TLSv1.1', 'TLSv1.2'], between: ['TLSv1.1', 'TLSv1.3'], oldest: ['TLSv1.1'], usual: undefined }
  for (const [name, versions] of Object.entries(names)) {
    const ssl = { ...(name === 'old' ? makeRsaCertificate(name) : makeCertificate(name)), sni: name }
    thread.put(`ssls/${name}`, versions ? { ...ssl, ssl_protocols: versions } : ssl)
  }
  const listening = await listenForTest(thread)
  const speak = (servername: string, version: tls.SecureVersion): Promise<string | undefined> =>
    new Promise((resolve) => {
      const options = { servername, minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
      const socket = tls.connect({ port: listening.tlsPort, rejectUnauthorized: false, ...options })
      socket.on('error', () => resolve(undefined))
      socket.on('secureConnect', () => socket.end('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))
      socket.on('data', (answer) => resolve(`${socket.getProtocol()} ${String(answer).split(' ', 2)[1]}`))
    })
  for (const [name, versions = ['TLSv1.2', 'TLSv1.3']] of Object.entries(names))
    for (const version of ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const)
      assert.equal(await speak(name, version), versions.includes(version) ? `${version} 200` : undefined, name)
  listening.close()
  thread.close()
})
