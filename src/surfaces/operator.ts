// How a surface that answers one request at a time (MCP, REST, GPT actions) runs an operation and hands a plan to the person: nobody is asked
// while the request is open, so an unapproved plan ends the request with ApprovalNeeded, and the surface says where the person can decide.
import {
  type ApprovalRequest,
  type AskPerson,
  type Operation,
  type OperationContext,
  OperationError,
  type Secret,
} from '../operations/contract.ts'
import { runOperation } from '../operations/run.ts'

/** What one call brings with it. */
export interface Call {
  /** Who asks, for the audit log. */
  subject: string
  /** Absent: the plan is left waiting, and the call ends with ApprovalNeeded. */
  ask: AskPerson | undefined
  /** Shows new secrets to the person; absent: they are kept for `gateward reveal`. */
  reveal?(secrets: Secret[]): void
  progress(message: string): void
  signal: AbortSignal
}

/** Runs operations by name, here or on the Gateward that a command line belongs to. Rejects with an OperationError. */
export interface Operator {
  run(name: string, input: unknown, call: Call): Promise<Record<string, unknown>>
}

/** A plan waits for a person, who cannot be asked within this request. Nothing was written; the plan can still be approved elsewhere. */
export class ApprovalNeeded extends OperationError {
  readonly request: ApprovalRequest

  /** `origin`: where a browser reaches this Gateward. */
  constructor(request: ApprovalRequest, origin: string) {
    super(
      'refused',
      `plan ${request.planId} waits for a person and nothing was written. The person approves it at ${origin}/approve/${request.planId} in a browser that is the owner's, or with \`gateward approve ${request.planId}\`; call apply with this plan_id afterwards. No argument can approve it`,
    )
    this.request = request
  }
}

/** For a context whose person cannot be asked now. */
export function leaveWaiting(origin: string): AskPerson {
  return (request) => Promise.reject(new ApprovalNeeded(request, origin))
}

/** Runs the operations of this process. `context` gives a fresh context for one call; `origin`: where a browser reaches this Gateward, once it listens. */
export function localOperator(
  operations: readonly Operation[],
  context: (signal: AbortSignal) => OperationContext,
  origin: () => string,
): Operator {
  return {
    async run(name, input, call) {
      const operation = operations.find((one) => one.name === name)
      if (!operation) throw new OperationError('not_found', `there is no operation ${JSON.stringify(name)}`)
      const base = context(call.signal)
      return runOperation(operation, input, {
        ...base,
        caller: { ...base.caller, subject: call.subject },
        ask: call.ask ?? leaveWaiting(origin()),
        reveal: call.reveal ?? base.reveal,
        progress: call.progress,
      })
    },
  }
}
