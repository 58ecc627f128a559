// What is written during a turn of the event loop leaves at its end.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Outbox } from '../../src/gateway/outbox.ts'

/** A socket and what was written to it, piece by piece. */
function connection(highWaterMark = 64 * 1024): { out: Outbox; socket: Socket; written: string[] } {
  const written: string[] = []
  const socket = new Writable({
    highWaterMark,
    decodeStrings: false,
    write: (chunk: string | Buffer, _, done) => {
      written.push(chunk.toString('latin1'))
      if (highWaterMark > 1) done()
    },
  }) as unknown as Socket
  return { out: new Outbox(socket), socket, written }
}

test('pieces of a turn are one piece, at its end', async () => {
  const { out, written } = connection()
  assert.equal(out.text('a'), true)
  out.text('b')
  assert.deepEqual([written, out.waits], [[], true])
  await turn()
  assert.deepEqual([written, out.waits], [['ab'], false])
  out.text('c')
  await turn()
  assert.deepEqual(written, ['ab', 'c'])
})

test('bytes go at once and behind the text that waits', async () => {
  const { out, written } = connection()
  out.bytes(Buffer.from('1'))
  out.text('a')
  out.bytes(Buffer.from('2'))
  out.text('b')
  assert.deepEqual(written, ['1', 'a', '2'])
  await turn()
  assert.deepEqual(written, ['1', 'a', '2', 'b'])
})

test('nothing waits without end: neither much text nor many connections', () => {
  const { out, written } = connection()
  for (let i = 0; i < 100; i++) out.text('x'.repeat(1000))
  assert.ok(written.join('').length > 80_000)
  const many = Array.from({ length: 100 }, () => connection())
  for (const [i, { out }] of many.entries()) out.text(String(i))
  assert.ok(many.filter(({ written }) => written.length === 1).length > 80)
})

test('a full socket is told, a destroyed one gets nothing', async () => {
  const full = connection(1)
  full.out.text('abc')
  await turn()
  assert.equal(full.out.text('d'), false)
  assert.equal(full.out.bytes(Buffer.from('e')), false)
  const gone = connection()
  gone.out.text('a')
  gone.socket.destroy()
  await turn()
  assert.deepEqual(gone.written, [])
})
