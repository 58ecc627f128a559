import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { MemoryCache } from '../../src/lib/cache-memory.ts'

const open = (): MemoryCache => new MemoryCache(new SharedArrayBuffer(MemoryCache.MIN_BYTES))

test('a value by its key, replaced and removed', () => {
  const cache = open()
  assert.equal(cache.get('a'), undefined)
  cache.put('a', Buffer.from('one'))
  cache.put('b', Buffer.from('two'))
  cache.put('a', Buffer.from('three'))
  assert.equal(cache.get('a')?.toString(), 'three')
  assert.equal(cache.get('b')?.toString(), 'two')
  assert.equal(cache.delete('a'), true)
  assert.equal(cache.delete('a'), false)
  assert.equal(cache.get('a'), undefined)
})

test('the oldest values make room, and no value is ever another’s', () => {
  const cache = open()
  const value = (i: number): Buffer => Buffer.from(`${i} `.repeat(1 + (i % 900)))
  let held = 0
  for (let i = 0; i < 3000; i++) {
    cache.put(`key ${i}`, value(i))
    for (const old of [i, i - 1, i - 7, i - 40, i - 500]) {
      const found = cache.get(`key ${old}`)
      if (found) assert.deepEqual(found, value(old))
      if (found) held++
    }
    assert.deepEqual(cache.get(`key ${i}`), value(i))
  }
  assert.ok(held > 6000, `only ${held} were found again`)
  assert.equal(cache.get('key 0'), undefined)
})

test('a value larger than half of the memory is not kept', () => {
  const cache = open()
  cache.put('small', Buffer.from('x'))
  cache.put('large', Buffer.alloc(MemoryCache.MIN_BYTES))
  assert.equal(cache.get('large'), undefined)
  assert.equal(cache.get('small')?.toString(), 'x')
})

test('threads share it, and never see half a value', async () => {
  const memory = new SharedArrayBuffer(256 * 1024)
  const code = `
    const { workerData, parentPort } = require('node:worker_threads')
    import(workerData.module).then(({ MemoryCache }) => {
      const cache = new MemoryCache(workerData.memory)
      for (let i = 0; i < 2000; i++) {
        cache.put('k' + (i % 20), Buffer.alloc(2000 + (i % 50), workerData.letter))
        const found = cache.get('k' + ((i * 7) % 20))
        if (found && !found.every((byte) => byte === found[0])) throw new Error('half a value')
      }
      parentPort.postMessage('done')
    })`
  const module = new URL('../../src/lib/cache-memory.ts', import.meta.url).href
  await Promise.all(
    ['a', 'b'].map(
      (letter) =>
        new Promise<void>((resolve, reject) => {
          const worker = new Worker(code, { eval: true, workerData: { memory, module, letter } })
          worker.on('error', reject)
          worker.on('exit', (status) => (status === 0 ? resolve() : reject(new Error(`exit ${status}`))))
        }),
    ),
  )
  const found = new MemoryCache(memory).get('k1')
  assert.ok(found && (found[0] === 97 || found[0] === 98))
})
