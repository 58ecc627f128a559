// One request of a proof, against gateways that answer badly: it always ends.
import assert from 'node:assert/strict'
import http from 'node:http'
import net from 'node:net'
import { test } from 'node:test'
import { probe } from '../../src/operations/probe.ts'
import { prove } from '../../src/operations/prove.ts'
import type { Target } from '../../src/operations/targets.ts'

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

/** A line of a proof by sample against a gateway that answers by turns with these bodies. */
async function sampled(share: number, ...bodies: string[]): Promise<{ found: string; ok: boolean }> {
  let turn = 0
  const server = http.createServer((_, response) => response.end(bodies[turn++ % bodies.length]))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = { gatewayUrl: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` } as Target
  const [line] = await prove(
    [{ title: 't', method: 'GET', path: '/', expect: { status: [200] }, repeat: 40, sample: { share } }],
    target,
  )
  server.close()
  server.closeAllConnections()
  return { found: String(line?.found), ok: line?.ok === true }
}

test('proof: shares of two versions are judged by a sample, where their answers differ', async () => {
  const tenth = ['new', ...Array(9).fill('old')]
  assert.deepEqual(await sampled(10, ...tenth), { found: '40 of 40 answered, 36 and 4 of two kinds', ok: true })
  assert.equal((await sampled(60, ...tenth)).ok, false)
  assert.deepEqual(await sampled(50, 'same'), {
    found: '40 of 40 answered, the answers do not tell the versions apart',
    ok: true,
  })
})

test('proof: a path is sent as a client sends it, and is shown as it was written', async () => {
  const seen: (string | undefined)[] = []
  const server = http.createServer((request, response) => {
    seen.push(request.url)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = { gatewayUrl: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` } as Target
  const paths = ['/ü', '/a%20b/日本', '/x?q=ä', '/\ud800']
  const lines = await prove(
    paths.map((path) => ({ title: path, method: 'GET', path, expect: { status: [200] } })),
    target,
  )
  server.close()
  server.closeAllConnections()
  assert.deepEqual(seen, ['/%C3%BC', '/a%20b/%E6%97%A5%E6%9C%AC', '/x?q=%C3%A4', '/%EF%BF%BD'])
  assert.deepEqual([lines[0]?.request, lines.every((one) => one.ok)], ['GET /ü', true])
})

test('proof: the gateway saying that it has no route is no answer of an API', async () => {
  const answers = ['{"error_msg":"404 Route Not Found"}\n', 'no such order']
  const server = http.createServer((_, response) => response.writeHead(404).end(answers.shift()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = { gatewayUrl: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` } as Target
  const one = { title: 't', method: 'GET', path: '/', expect: { status: [200, 404], shown: 'an answer' } }
  const lines = await prove([one, one], target)
  server.close()
  server.closeAllConnections()
  assert.deepEqual(
    lines.map(({ found, ok }) => [found, ok]),
    [
      ['404: no route takes this', false],
      ['404', true],
    ],
  )
})

test('proof: a target that serves a little later is given the time, and no more', async () => {
  let asked = 0
  const server = http.createServer((_, response) => response.writeHead(++asked < 4 ? 404 : 200).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const target = { gatewayUrl: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}` } as Target
  const line = { title: 't', method: 'GET', path: '/', expect: { status: [200] } }
  const [late] = await prove([line], target)
  const [waited] = await prove([line], target, { settledAt: performance.now() + 2000 })
  const [never] = await prove([{ ...line, expect: { status: [500] } }], target, { settledAt: performance.now() + 300 })
  server.close()
  server.closeAllConnections()
  assert.deepEqual([late?.ok, waited?.ok, never?.ok], [false, true, false])
})
