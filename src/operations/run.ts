// The one way in which a surface runs an operation: the input is checked, and the answer is made harmless, whatever the operation put into it. A
// target's words (names, descriptions, errors, labels of metrics) reach a model only as short strings of JSON without invisible characters.
import { plainLines, plainText } from '../lib/text.ts'
import { checkInput } from './check-input.ts'
import { type Operation, type OperationContext, OperationError } from './contract.ts'

/** The diff is cut where the plan's answer is made; this is for what no operation should give. */
const MAX_DIFF_CHARS = 24_000
const MAX_TEXT_CHARS = 2000
const MAX_NAME_CHARS = 200

/** Throws `invalid` when the input is wrong, and what the operation throws; a fault of ours only as far as a stranger may see it. */
export async function runOperation(
  operation: Operation,
  given: unknown,
  ctx: OperationContext,
): Promise<Record<string, unknown>> {
  const answer = await operation.run(checkInput(operation, given) as never, ctx).catch((error: unknown) => {
    throw toThrown(error, operation, ctx)
  })
  return harmless(JSON.parse(JSON.stringify(answer)), '') as Record<string, unknown>
}

function toThrown(error: unknown, { name }: Operation, { signal, keepFault }: OperationContext): unknown {
  if (isLedgerError(error))
    return new OperationError(
      'target',
      `${name}: the ledger in the data directory cannot be written: ${error.message}; make room there and see that it may be written, then look at what is configured before you go on`,
    )
  // Who has gone away, or stopped it, is told nothing.
  if (error instanceof OperationError || signal.aborted || !keepFault) return error
  return new OperationError(
    'fault',
    `${name}: internal error ${keepFault(error)}; the log has the details under this id`,
  )
}

/** Only the ledger is a database here; gateways are asked over HTTP. */
function isLedgerError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR'
}

/** Only a diff has lines; every line of it is made harmless where it is written. */
function harmless(value: unknown, name: string): unknown {
  if (typeof value === 'string')
    return name === 'diff' ? plainLines(value).slice(0, MAX_DIFF_CHARS) : plainText(value, MAX_TEXT_CHARS)
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item) => harmless(item, ''))
  return Object.fromEntries(
    Object.entries(value).map(([member, one]) => [plainText(member, MAX_NAME_CHARS), harmless(one, member)]),
  )
}
