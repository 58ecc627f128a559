import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
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

/** The line of the access log about this path. */
async function logged(path: string): Promise<Record<string, unknown>> {
  let line: string | undefined
  for (let i = 0; i < 100 && !line; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    line = readFileSync(join(directory, 'access.log'), 'utf8')
      .split('\n')
      .find((one) => one.includes(path))
  }
  return JSON.parse(line ?? '{}')
}

before(async () => {
  running = await start({
    args: ['--demo'],
    env: {
      GATEWARD_GATEWAY_ACCESS_LOG_FILE: join(directory, 'access.log'),
      GATEWARD_GATEWAY_REAL_IP_HEADER: 'X-Forwarded-For',
      GATEWARD_GATEWAY_REAL_IP_RECURSIVE: 'true',
      GATEWARD_GATEWAY_TRUSTED_PROXIES: '127.0.0.1,10.3.0.0/16',
      GATEWARD_GATEWAY_SSL_PROTOCOLS: 'TLSv1.3',
    },
  })
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

test('`*` is for every name that has no other, and a dot at the end of a name does not matter', async () => {
  const [every, dotted] = [makeCertificate('every.example'), makeCertificate('dotted.example')]
  await admin(running, 'PUT', '/ssls/3', { ...every, snis: ['*'] })
  await admin(running, 'PUT', '/ssls/4', { ...dotted, snis: ['dotted.example.'] })
  assert.equal((await get('every.example', every.cert)).status, 404)
  assert.equal((await get('dotted.example', dotted.cert)).status, 404)
})

test('gateway.ssl_protocols holds for all names, also where ssl_protocols of a resource is empty', async () => {
  await admin(running, 'PUT', '/ssls/5', {
    ...makeCertificate('any.example'),
    snis: ['any.example'],
    ssl_protocols: [],
  })
  const [host, port] = (running.env.GATEWARD_GATEWAY_HTTPS as string).split(':')
  const speak = (maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const options = { host, port: Number(port), servername: 'any.example', maxVersion, rejectUnauthorized: false }
      const socket = tls.connect(options, () => {
        resolve(socket.getProtocol())
        socket.destroy()
      })
      socket.on('error', reject)
    })
  assert.equal(await speak('TLSv1.3'), 'TLSv1.3')
  await assert.rejects(speak('TLSv1.2'))
})

test('of the addresses in the field the last that is no trusted proxy counts; what stands before it may be of the client itself', async () => {
  const from = async (path: string, fields: string[]): Promise<unknown> => {
    const { hostname, port } = new URL(running.gateway)
    const options = { hostname, port, path, headers: { 'X-Forwarded-For': fields } }
    await new Promise((resolve, reject) =>
      http.get(options, (response) => response.resume().on('end', resolve)).on('error', reject),
    )
    return (await logged(path)).remote_addr
  }
  assert.equal(await from('/fields', ['10.9.9.9', '10.1.1.1, 10.2.2.2']), '10.2.2.2')
  assert.equal(await from('/passed', ['10.9.9.9, 10.2.2.2', '10.3.0.1, 10.3.0.2']), '10.2.2.2')
  assert.equal(await from('/broken', ['10.2.2.2, nonsense, 10.3.0.1']), '10.3.0.1')
  assert.equal(await from('/nothing', ['nonsense']), '127.0.0.1')
})

test('the access log has a line for each request', async () => {
  await fetch(`${running.gateway}/logged?x=1`, { headers: { 'User-Agent': 'tester' } })
  const { uri, status, user_agent: agent } = await logged('/logged')
  assert.deepEqual([uri, status, agent], ['/logged?x=1', 404, 'tester'])
})
