// Streams have no request to end after: when the gateway stops, those that are open go on, until they end or the wait is over.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { freePort } from '../../e2e/process.ts'
import { type GatewayForTest, gatewayForTest } from '../../operations/gateway-for-test.ts'
import { until } from '../../until.ts'

const echo = net.createServer({ allowHalfOpen: true }, (socket) => socket.on('error', () => {}).pipe(socket))

before(() => new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve)))
after(() => echo.close())

/** A gateway with one stream port, and a connection through it. */
async function connected(drainSeconds: number): Promise<{ gateway: GatewayForTest; port: number; client: net.Socket }> {
  const port = await freePort()
  const more = ['--stream-tcp', `127.0.0.1:${port}`, '--gateway-drain-seconds', String(drainSeconds)]
  const gateway = await gatewayForTest(undefined, more)
  const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(echo.address() as AddressInfo).port}`]: 1 } }
  const written = await gateway.admin('PUT', '/stream_routes/1', { server_port: port, upstream })
  assert.equal(written.status, 201, JSON.stringify(written.body))
  const client = net.connect(port, '127.0.0.1')
  assert.equal(await ask(client, 'before'), 'before')
  return { gateway, port, client }
}

async function ask(client: net.Socket, text: string): Promise<string> {
  client.write(text)
  const [answer] = await once(client, 'data', { signal: AbortSignal.timeout(10_000) })
  return String(answer)
}

/** True when nobody accepts connections on the port. */
function refused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}

test('an open stream goes on while the gateway stops, new ones are refused', async () => {
  const { gateway, port, client } = await connected(30)
  const closed = gateway.close()
  await until(() => refused(port))
  assert.equal(await ask(client, 'while draining'), 'while draining')
  client.end()
  await once(client, 'close')
  await closed
})

test('a stream that does not end is cut when the wait is over', async () => {
  const { gateway, client } = await connected(1)
  const begun = performance.now()
  const cut = once(client.resume(), 'close')
  await Promise.all([gateway.close(), cut])
  const seconds = (performance.now() - begun) / 1000
  assert.ok(seconds >= 0.9 && seconds < 10, `cut after ${seconds} s`)
})
