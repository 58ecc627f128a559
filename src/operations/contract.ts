// What an operation is, and what it may use. MCP, the chat, the console, REST and the command line are projections of these values: they add
// no logic, and no way to write that does not pass through plan, approval and apply.
import type { Static, TSchema } from 'typebox'
import { plainText } from '../lib/text.ts'
import { hideInUrls } from '../lib/url-secrets.ts'
import type { Approvals } from './approval.ts'
import type { Confirmations } from './confirmations.ts'
import type { Ledger } from './ledger.ts'
import type { FetchDocument } from './openapi/fetch.ts'
import type { Targets } from './targets.ts'

/** `trial` is no surface of a person: what takes itself back. */
export type Surface = 'chat' | 'console' | 'mcp' | 'openai' | 'rest' | 'cli' | 'trial'

/** Who asks. */
export interface Caller {
  surface: Surface
  /** The person or client, as far as the surface knows. */
  subject: string
  /** The person's own words, for the audit log. */
  words?: string
}

/** Something only the person may see (a new API key), never a model. */
export interface Secret {
  label: string
  value: string
}

/** What the person is asked to approve. */
export interface ApprovalRequest {
  planId: string
  digest: string
  target: string
  summary: string
  diff: string
  warnings: string[]
  /** The blast radius: what the change touches and how much that is used; then what the planner wants to say, such as what an import left out. */
  impact: string[]
}

/**
 * A way to ask a person on which a model cannot answer: a line in the terminal, a click in the console, the client's own elicitation. Absent
 * where nobody can be asked; then nothing is written. Resolves to the person's name, or undefined when refused.
 */
export type AskPerson = (request: ApprovalRequest) => Promise<string | undefined>

export interface OperationContext {
  targets: Targets
  ledger: Ledger
  approvals: Approvals
  /** Changes that take themselves back unless they are confirmed. */
  confirmations: Confirmations
  /** Fetches an OpenAPI document, within the bounds of the settings. */
  fetchDocument: FetchDocument
  caller: Caller
  ask: AskPerson | undefined
  /** Shows secrets to the person, past the model. Absent: they stay in the ledger for `gateward reveal`. */
  reveal: ((secrets: Secret[]) => void) | undefined
  progress(message: string): void
  signal: AbortSignal
  now(): number
  /** Keeps an error that no operation should throw for who runs this Gateward, and gives the id under which it is found. Absent: it is thrown on. */
  keepFault?(error: unknown): string
}

export interface Operation<Input extends TSchema = TSchema, Output = unknown> {
  /** Tool name: `[a-z_]`. */
  name: string
  title: string
  /** For a model: what it does and when to use it. */
  summary: string
  input: Input
  /** Shape of the answer; members that it does not name may be there too. */
  output: TSchema
  /** `read`: changes nothing; `plan`: stores a plan, changes nothing on the target; `write`: changes the target, after approval. */
  effect: 'read' | 'plan' | 'write'
  run(input: Static<Input>, ctx: OperationContext): Promise<Output>
}

/** Types an operation by its input schema. */
export function defineOperation<Input extends TSchema, Output>(
  operation: Operation<Input, Output>,
): Operation<Input, Output> {
  return operation
}

/** Of a message or a detail: it may hold a target's words. */
const MAX_MESSAGE_CHARS = 4000
const MAX_DETAILS = 100

/** `fault`: of ours, and of nobody who asks. */
export const ERROR_CODES = ['invalid', 'not_found', 'conflict', 'refused', 'unreachable', 'target', 'fault'] as const

/** An operation cannot be done. The message says what was being done, what was found and what to do; it never holds a secret. */
export class OperationError extends Error {
  readonly code: (typeof ERROR_CODES)[number]
  /** Every single problem, when there are several. */
  readonly details: string[]

  constructor(code: OperationError['code'], message: string, details: string[] = []) {
    super(plainText(hideInUrls(message), MAX_MESSAGE_CHARS))
    this.name = 'OperationError'
    this.code = code
    this.details = details.slice(0, MAX_DETAILS).map((one) => plainText(hideInUrls(one), MAX_MESSAGE_CHARS))
  }
}
