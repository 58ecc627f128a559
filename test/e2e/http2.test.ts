// HTTP/2 on the ports of the whole process.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { ask, connect } from '../gateway/http2/client.ts'
import { makeCertificate } from '../gateway/listening.ts'
import { admin, type Running, start } from './process.ts'

const certificate = makeCertificate('a.example')
let running: Running
let release = (): void => {}
const upstream = createServer((request, response) => {
  if (request.url === '/hold') release = () => response.end('at last')
  else response.end('ok')
})

before(async () => {
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  running = await start()
  await admin(running, 'PUT', '/ssls/1', { ...certificate, snis: ['a.example'] })
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  await admin(running, 'PUT', '/routes/1', { uri: '/*', upstream: { type: 'roundrobin', nodes } })
})
after(() => {
  upstream.close()
  upstream.closeAllConnections()
})

test('by ALPN and by prior knowledge; on SIGTERM a request under way is answered', async () => {
  const secure = connect(`https://${running.env.GATEWARD_GATEWAY_HTTPS}`, {
    ca: certificate.cert,
    servername: 'a.example',
  })
  assert.equal((await ask(secure, { ':path': '/a', ':authority': 'a.example' })).body, 'ok')
  const plain = connect(running.gateway)
  assert.equal((await ask(plain, { ':path': '/a' })).body, 'ok')
  const reached = once(upstream, 'request')
  const held = ask(plain, { ':path': '/hold' })
  await reached
  const went = once(plain, 'goaway')
  const stopped = running.stop()
  await went
  release()
  assert.equal((await held).body, 'at last')
  assert.equal(await stopped, 0)
  secure.destroy()
})
