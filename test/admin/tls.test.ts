// The Admin API over TLS with client certificates, as others see it and as the gateway's own surface does; and who may connect by address.
import assert from 'node:assert'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type Gateward, startGateward } from '../../src/app.ts'
import { loadSettings } from '../../src/settings/load.ts'
import { readOwnerKey } from '../../src/surfaces/owner.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { ADMIN_KEY, createTestAdmin } from './admin-for-test.ts'

const own = makeCertificate('admin.example')
const client = makeCertificate('client.example')
const stranger = makeCertificate('stranger.example')

async function start(context: TestContext): Promise<{ gateward: Gateward; ownerKey: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-admin-tls-'))
  const files = { cert_file: own.cert, key_file: own.key, ca_file: own.cert + client.cert }
  const lines = Object.entries(files).map(([name, text]) => {
    writeFileSync(join(directory, name), text)
    return `${name}: '${join(directory, name)}'`
  })
  const yaml = `threads: 1
log: { level: fatal }
gateway: { http: ['127.0.0.1:0'], https: [] }
admin: { listen: '127.0.0.1:0', key: ${ADMIN_KEY}, tls: { ${lines.join(', ')} } }
surface: { listen: '127.0.0.1:0' }
control: { listen: 'off' }
metrics: { listen: 'off' }`
  writeFileSync(join(directory, 'gateward.yaml'), yaml)
  const { settings } = loadSettings({ argv: ['--data-dir', directory], env: {}, cwd: directory })
  const gateward = await startGateward(settings)
  context.after(async () => {
    await gateward.close()
    rmSync(directory, { recursive: true })
  })
  return { gateward, ownerKey: readOwnerKey(directory) }
}

/** Status and headers of a request, or the code of the error that ended the connection. */
function send(
  address: string,
  options: https.RequestOptions,
): Promise<{ status: number; headers: object } | { failed: string }> {
  const [host, port] = address.split(':')
  const always = { host, port, path: '/apisix/admin/routes', servername: 'admin.example', ca: own.cert, agent: false }
  return new Promise((resolve) => {
    const request = https.request({ ...always, ...options }, (response) => {
      response.resume()
      response.on('end', () => resolve({ status: response.statusCode as number, headers: response.headers }))
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ failed: error.code ?? error.message }))
    request.end()
  })
}

test('mTLS: who shows no certificate, or a stranger’s, is no client; CORS and keys are as without', async (context) => {
  const { gateward } = await start(context)
  const address = gateward.admin as string
  const headers = { 'X-API-KEY': ADMIN_KEY }
  assert.match(JSON.stringify(await send(address, { headers })), /"failed":"(ERR_SSL_|ECONNRESET|EPIPE)/)
  assert.match(JSON.stringify(await send(address, { headers, ...stranger })), /"failed":"(ERR_SSL_|ECONNRESET|EPIPE)/)
  const listed = await send(address, { headers, ...client })
  assert.ok('status' in listed && listed.status === 200)
  const keyless = await send(address, client)
  assert.ok('status' in keyless && keyless.status === 401)
  const preflight = await send(address, {
    method: 'OPTIONS',
    headers: { Origin: 'https://console.example' },
    ...client,
  })
  assert.ok('status' in preflight && preflight.status === 200)
  const { 'access-control-allow-origin': origin, 'access-control-allow-methods': methods } =
    preflight.headers as Record<string, string>
  assert.deepEqual([origin, methods], ['*', 'POST, GET, PUT, OPTIONS, DELETE, PATCH'])
})

test('mTLS: the surface operates its own gateway', async (context) => {
  const { gateward, ownerKey } = await start(context)
  const response = await fetch(`http://${gateward.surface}/v1/operations/look`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${ownerKey}`, 'Content-Type': 'application/json' },
    body: '{}',
  })
  const text = await response.text()
  assert.equal(response.status, 200, text)
  assert.match(text, /"target":"embedded"/)
})

test('addresses: networks of IPv4 and IPv6, mapped ones too', async () => {
  const { admin, close } = await createTestAdmin({
    allowAdmin: ['10.1.0.0/16', 'fd00:1::/32', '2001:db8::7', '192.0.2.9'],
  })
  const status = async (remoteAddress: string): Promise<number> => {
    const header = (name: string): string | undefined => (name === 'x-api-key' ? ADMIN_KEY : undefined)
    const from = { header, remoteAddress, query: new URLSearchParams(), body: Buffer.alloc(0) }
    return (await admin.handle({ method: 'GET', path: '/apisix/admin/routes', ...from })).status
  }
  for (const address of ['10.1.255.1', '::ffff:10.1.2.3', 'fd00:1:2::9', '2001:db8::7', '192.0.2.9'])
    assert.equal(await status(address), 200, address)
  for (const address of [
    '10.2.0.1',
    '::ffff:10.2.0.1',
    'fd00:2::1',
    '2001:db8::8',
    '192.0.2.8',
    '127.0.0.1',
    '::1',
    '',
  ])
    assert.equal(await status(address), 403, address)
  await close()
})
