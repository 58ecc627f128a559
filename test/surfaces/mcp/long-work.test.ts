// Progress of long work and its cancellation, over both eras of the protocol, with the official client.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpHandler } from '@modelcontextprotocol/server'
import Type from 'typebox'
import { defineOperation, type Operation } from '../../../src/operations/contract.ts'
import { createMcpFactory } from '../../../src/surfaces/mcp/server.ts'
import type { Call } from '../../../src/surfaces/operator.ts'

const slow = defineOperation({
  name: 'slow',
  title: 'Slow',
  summary: 'Takes its time.',
  effect: 'read',
  input: Type.Object({}),
  output: Type.Object({ done: Type.Boolean() }),
  run: async () => ({ done: true }),
}) as unknown as Operation

/** A client of a server whose one operation is `work`. */
async function connected(
  mode: 'legacy' | { pin: '2026-07-28' },
  work: (call: Call) => Promise<Record<string, unknown>>,
): Promise<Client> {
  const operator = { run: (_: string, __: unknown, call: Call) => work(call) }
  const handler = createMcpHandler(createMcpFactory({ operations: [slow], operator, version: '1.0.0' }))
  const client = new Client({ name: 'test-client', version: '1.0.0' }, { versionNegotiation: { mode } })
  const fetch = (url: string | URL | Request, init?: RequestInit): Promise<Response> =>
    handler.fetch(new Request(url, init))
  await client.connect(new StreamableHTTPClientTransport(new URL('http://localhost/mcp'), { fetch }))
  return client
}

for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
  const era = typeof mode === 'string' ? '2025' : '2026'

  test(`mcp ${era}: progress is told in order, without invisible characters`, async () => {
    const told: { progress: number; message?: string }[] = []
    const client = await connected(mode, async ({ progress }) => {
      progress('reading')
      progress('writ\u202eing')
      return { done: true }
    })
    const result = await client.callTool({ name: 'slow', arguments: {} }, { onprogress: (one) => void told.push(one) })
    assert.deepEqual(result.structuredContent, { done: true })
    assert.deepEqual(
      told.map((one) => [one.progress, one.message]),
      [
        [1, 'reading'],
        [2, 'writing'],
      ],
    )
    await client.close()
  })
}

// In the 2025 era without sessions a cancellation is a message of its own that nothing leads to the call; on stdio it does.
test('mcp 2026: a call that is cancelled ends the work', async () => {
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const client = await connected({ pin: '2026-07-28' }, ({ signal, progress }) => {
    progress('begun')
    started.resolve()
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        ended.resolve('aborted')
        reject(signal.reason)
      })
    })
  })
  const gone = new AbortController()
  const called = client.callTool({ name: 'slow', arguments: {} }, { signal: gone.signal, onprogress: () => {} })
  await started.promise
  gone.abort(new Error('the person does not want it any more'))
  await assert.rejects(called)
  assert.equal(await ended.promise, 'aborted')
  await client.close()
})
