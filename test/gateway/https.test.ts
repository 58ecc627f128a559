import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { admin, type Running, start } from '../e2e/process.ts'
import { makeCertificate } from './listening.ts'

let running: Running
const directory = mkdtempSync(join(tmpdir(), 'gateward-tls-'))

function get(servername: string, ca: string): Promise<{ status: number | undefined; body: string }> {
  const [host, port] = (running.env.GATEWARD_GATEWAY_HTTPS as string).split(':')
  return new Promise((resolve, reject) => {
    const request = https.get(
      { host, port, servername, ca, headers: { Host: servername }, path: '/a', agent: false },
      (response) => {
        let body = ''
        response.on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, body }))
      },
    )
    request.on('error', reject)
  })
}

before(async () => {
  running = await start({ args: ['--demo'], env: { GATEWARD_GATEWAY_ACCESS_LOG_FILE: join(directory, 'access.log') } })
})
after(() => running.stop())

test('certificates by server name: exact before wildcard, none breaks the handshake, changes at once', async () => {
  const [exact, wildcard] = [makeCertificate('a.example'), makeCertificate('*.sub.example')]
  await admin(running, 'PUT', '/ssls/1', { ...wildcard, snis: ['*.sub.example'] })
  const created = await admin(running, 'PUT', '/ssls/2', { ...exact, snis: ['a.example'] })
  assert.equal(created.status, 201)
  assert.equal(JSON.stringify(created.body).includes('PRIVATE KEY'), false)
  assert.equal((await get('a.example', exact.cert)).status, 404)
  assert.equal((await get('b.sub.example', wildcard.cert)).status, 404)
  await assert.rejects(get('a.other', exact.cert))
  const renewed = makeCertificate('a.example')
  await admin(running, 'PUT', '/ssls/2', { ...renewed, snis: ['a.example'] })
  assert.equal((await get('a.example', renewed.cert)).status, 404)
  await assert.rejects(get('a.example', exact.cert))
})

test('the access log has a line for each request', async () => {
  await fetch(`${running.gateway}/logged?x=1`, { headers: { 'User-Agent': 'tester' } })
  let line: string | undefined
  for (let i = 0; i < 100 && !line; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    line = readFileSync(join(directory, 'access.log'), 'utf8')
      .split('\n')
      .find((one) => one.includes('/logged'))
  }
  const { uri, status, user_agent: agent } = JSON.parse(line ?? '{}') as Record<string, unknown>
  assert.deepEqual([uri, status, agent], ['/logged?x=1', 404, 'tester'])
})
