// Calls of this Gateward's server. A failure is an ApiError whose message says what to do; a plan that waits for a decision comes with it.
import type { ApprovalRequest } from '../../src/operations/contract.ts'

/** What `plan`, and other operations that make plans, answer. */
export interface Planned {
  plan_id: string
  digest: string
  target: string
  diff: string
  warnings: string[]
  impact: string[]
  notes: string[]
  proof: string[]
}

export class ApiError extends Error {
  readonly status: number
  readonly approval: ApprovalRequest | undefined

  constructor(status: number, message: string, approval?: ApprovalRequest) {
    super(message)
    this.status = status
    this.approval = approval
  }
}

export async function call<T>(method: string, path: string, body?: object): Promise<T> {
  let response: Response
  try {
    response = await fetch(`/v1${path}`, {
      method,
      headers: { 'Gateward-Surface': 'console', ...(body ? { 'Content-Type': 'application/json' } : {}) },
      body: body && JSON.stringify(body),
    })
  } catch {
    throw new ApiError(
      0,
      'Gateward does not answer. Is it running? Start it with npm start; this page goes on by itself.',
    )
  }
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.ok && !answer.approval) return answer as T
  const details = Array.isArray(answer.details) ? answer.details.map((one) => `\n${one}`).join('') : ''
  throw new ApiError(
    response.status,
    String(answer.error ?? answer.error_msg ?? `the server answered ${response.status}`) + details,
    answer.approval as ApprovalRequest | undefined,
  )
}

/** Runs an operation: look, explain, plan, apply, ... */
export function operate<T>(name: string, input: object): Promise<T> {
  return call('POST', `/operations/${name}`, input)
}

/** The person's own decision on a plan that is on the screen. */
export function decide(planId: string, digest: string, decision: 'approve' | 'reject'): Promise<unknown> {
  return call('POST', `/plans/${encodeURIComponent(planId)}`, { digest, decision })
}
