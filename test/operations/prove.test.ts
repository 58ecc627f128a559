// One request of a proof, against gateways that answer badly: it always ends.
import assert from 'node:assert/strict'
import net from 'node:net'
import { test } from 'node:test'
import { probe } from '../../src/operations/prove.ts'

/** What a probe finds at a gateway that answers with these bytes and ends. */
async function found(bytes: string): Promise<number | string> {
  const server = net.createServer((socket) => {
    socket.once('data', () => socket.end(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  try {
    return await probe({ gatewayUrl: `http://127.0.0.1:${port}` }, 'GET', '/').then(
      ({ status }) => status,
      (error: Error) => error.message,
    )
  } finally {
    server.close()
  }
}

const headOf = (line: string, ...fields: string[]): string => [`HTTP/1.1 ${line}`, ...fields, '', ''].join('\r\n')

test('proof: another protocol instead of an answer ends it', { timeout: 10_000 }, async () => {
  const switched = headOf('101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: websocket')
  assert.match(String(await found(switched)), /closed without an answer/)
})

test('proof: a body that is cut is an answer all the same, none is an error', { timeout: 10_000 }, async () => {
  assert.equal(await found(`${headOf('200 OK', 'Content-Length: 10')}abc`), 200)
  assert.match(String(await found('')), /hang up/)
})
