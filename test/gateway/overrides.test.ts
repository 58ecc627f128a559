// Settings that hold whatever the resources say: ciphers, how long names are remembered, health checks.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { admin, freePort, type Running, start } from '../e2e/process.ts'
import { makeCertificate } from './listening.ts'
import { a, startNameServer } from './upstream/name-server.ts'

const names = await startNameServer()
let running: Running
const streamPort = await freePort()
const control = `127.0.0.1:${await freePort()}`

before(async () => {
  running = await start({
    env: {
      GATEWARD_GATEWAY_SSL_CIPHERS: 'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
      GATEWARD_GATEWAY_DNS_SERVERS: names.address,
      GATEWARD_GATEWAY_DNS_RESOLVER_VALID: '1',
      GATEWARD_GATEWAY_DISABLE_UPSTREAM_HEALTHCHECK: 'true',
      GATEWARD_STREAM_TLS: `127.0.0.1:${streamPort}`,
      GATEWARD_CONTROL_LISTEN: control,
    },
  })
})
after(() => running.stop())

/** The cipher that a client and the port agree on. */
function agree(port: number, servername: string, options: tls.ConnectionOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = { host: '127.0.0.1', port, servername, rejectUnauthorized: false, ...options }
    const socket = tls.connect(client, () => {
      resolve(socket.getCipher().standardName)
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('gateway.ssl_ciphers holds for every name, on ports of streams too, and leaves TLS 1.3 alone', async () => {
  await admin(running, 'PUT', '/ssls/1', { ...makeCertificate('plain.example'), snis: ['plain.example'] })
  const own = { ...makeCertificate('own.example'), snis: ['own.example'], ssl_protocols: ['TLSv1.2', 'TLSv1.3'] }
  await admin(running, 'PUT', '/ssls/2', own)
  const upstream = { nodes: { [names.address]: 1 }, scheme: 'tcp' }
  await admin(running, 'PUT', '/stream_routes/1', { upstream })
  const https = Number(running.env.GATEWARD_GATEWAY_HTTPS?.split(':')[1])
  const old = { maxVersion: 'TLSv1.2' } as const
  for (const port of [https, streamPort])
    for (const name of ['plain.example', 'own.example']) {
      assert.match(await agree(port, name, old), /^TLS_ECDHE_(?:RSA|ECDSA)_WITH_AES_256_GCM_SHA384$/)
      const ciphers = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'
      await assert.rejects(agree(port, name, { ...old, ciphers }), /handshake failure/, `${port} ${name}`)
      assert.match(await agree(port, name, {}), /^TLS_AES_256_GCM_SHA384$/)
    }
})

test('gateway.dns_resolver_valid goes before the TTL of the records', async () => {
  names.records.set('A valid.test', [a('127.0.0.1', 3600)])
  const upstream = { nodes: { 'valid.test:1': 1 }, retries: 0 }
  await admin(running, 'PUT', '/routes/dns', { uri: '/dns', upstream })
  const asked = (): number => names.asked.filter((key) => key === 'A valid.test').length
  assert.equal((await fetch(`${running.gateway}/dns`)).status, 502)
  const first = asked()
  await new Promise((resolve) => setTimeout(resolve, 1100))
  for (let i = 0; i < 50 && asked() === first; i++) {
    await (await fetch(`${running.gateway}/dns`)).text()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  assert.ok(asked() > first)
})

test('gateway.disable_upstream_healthcheck: nobody is probed, and no node is taken for down', async () => {
  let probes = 0
  const server = http.createServer(({ url }, response) => {
    if (url === '/probe') probes++
    response.writeHead(500).end('asked')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const { port } = server.address() as AddressInfo
  const unhealthy = { http_failures: 1, http_statuses: [500] }
  const checks = {
    active: { http_path: '/probe', healthy: { interval: 1 }, unhealthy: { interval: 1 } },
    passive: { unhealthy },
  }
  const nodes = { [`127.0.0.1:${port}`]: 1, [`127.0.0.2:${await freePort()}`]: 0 }
  await admin(running, 'PUT', '/routes/checked', { uri: '/checked', upstream: { nodes, checks } })
  for (let i = 0; i < 4; i++) assert.equal(await (await fetch(`${running.gateway}/checked`)).text(), 'asked')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.equal(probes, 0)
  assert.deepEqual(await (await fetch(`http://${control}/v1/healthcheck`)).json(), {})
})
