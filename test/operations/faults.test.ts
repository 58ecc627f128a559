// What no operation should throw: a caller gets an id, the log the rest; a caller who has gone away is no fault.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { defineOperation, type OperationContext, OperationError } from '../../src/operations/contract.ts'
import { runOperation } from '../../src/operations/run.ts'

const broken = (thrown: unknown) =>
  defineOperation({
    name: 'broken',
    title: 'Broken',
    summary: 'Fails.',
    input: Type.Object({}),
    output: Type.Object({}),
    effect: 'read',
    run: () => Promise.reject(thrown),
  })

function context(kept: unknown[] | undefined, signal = new AbortController().signal): OperationContext {
  const keepFault = (error: unknown): string => `id-${kept?.push(error)}`
  return { signal, ...(kept ? { keepFault } : {}) } as OperationContext
}

test('a fault is kept whole, and told by its id only', async () => {
  const kept: unknown[] = []
  const fault = new TypeError("reading 'secret' of undefined")
  await assert.rejects(runOperation(broken(fault), {}, context(kept)), (error) => {
    assert.ok(error instanceof OperationError)
    assert.equal(error.code, 'fault')
    assert.equal(error.message, 'broken: internal error id-1; the log has the details under this id')
    return true
  })
  assert.deepEqual(kept, [fault])
})

test('what an operation refuses, and what ends with its caller, is no fault', async () => {
  const kept: unknown[] = []
  const refusal = new OperationError('refused', 'no')
  await assert.rejects(runOperation(broken(refusal), {}, context(kept)), refusal)
  const gone = AbortSignal.abort()
  await assert.rejects(runOperation(broken(gone.reason), {}, context(kept, gone)), { name: 'AbortError' })
  assert.deepEqual(kept, [])
})

test('without a log the error is thrown on', async () => {
  const fault = new TypeError('wrong')
  await assert.rejects(runOperation(broken(fault), {}, context(undefined)), fault)
})
