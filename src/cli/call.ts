// Requests of the command line to the Gateward that runs on this data directory, with the owner's key.
import { existsSync } from 'node:fs'
import { browserOrigin, reachable } from '../lib/address.ts'
import { type ApprovalRequest, ERROR_CODES, OperationError } from '../operations/contract.ts'
import type { Settings } from '../settings/schema.ts'
import { leaveWaiting, type Operator } from '../surfaces/operator.ts'
import { readOwnerKey } from '../surfaces/owner.ts'
import { CliError } from './error.ts'
import { neverStarted } from './operator.ts'

const TIMEOUT_MS = 5000
/** An operation may prove with many requests. */
const OPERATION_TIMEOUT_MS = 120_000

/** Exit code of a command when no Gateward answers. */
const NO_ANSWER = 5

interface Answer {
  status: number
  body: Record<string, unknown>
}

/** Calls a path as the owner. Throws a CliError when nothing answers or the answer is an error. */
export async function callOwner(settings: Settings, method: string, path: string, body?: object): Promise<unknown> {
  const answer = await send(settings, method, path, body, AbortSignal.timeout(TIMEOUT_MS))
  if (answer.status >= 400) throw new CliError(String(answer.body.error ?? `status ${answer.status}`))
  return answer.body
}

/** Runs operations on the Gateward that is running, so that plans wait where the page and `gateward approve` see them. */
export function remoteOperator(settings: Settings, surface: 'mcp' | 'cli' = 'mcp'): Operator {
  const operator: Operator = {
    async run(name, input, call) {
      const signal = AbortSignal.any([call.signal, AbortSignal.timeout(OPERATION_TIMEOUT_MS)])
      const { status, body } = await send(settings, 'POST', `/v1/operations/${name}`, input as object, signal, surface)
      if (status < 400) return body
      if (!body.approval) throw toError(status, body)
      const request = body.approval as ApprovalRequest
      const person = await (
        call.ask ?? leaveWaiting(browserOrigin(settings.surface.public_url, settings.surface.listen))
      )(request)
      const decision = { digest: request.digest, decision: person === undefined ? 'reject' : 'approve' }
      await callOwner(settings, 'POST', `/v1/plans/${encodeURIComponent(request.planId)}`, decision)
      if (person === undefined)
        throw new OperationError('refused', `the person rejected plan ${request.planId}; nothing was written`)
      const { confirm_seconds: trial } = input as { confirm_seconds?: number }
      return operator.run(
        'apply',
        { plan_id: request.planId, ...(trial === undefined ? {} : { confirm_seconds: trial }) },
        call,
      )
    },
  }
  return operator
}

function toError(status: number, body: Record<string, unknown>): OperationError {
  const code = ERROR_CODES.find((one) => one === body.code) ?? 'target'
  const details = Array.isArray(body.details) ? body.details.map(String) : []
  return new OperationError(code, String(body.error ?? body.error_msg ?? `Gateward answered status ${status}`), details)
}

async function send(
  settings: Settings,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
  surface = 'cli',
): Promise<Answer> {
  if (settings.surface.listen === 'off')
    throw new CliError('surface.listen is off, and this goes through it; set it to an address such as 127.0.0.1:5000')
  if (!existsSync(settings.data_dir)) throw neverStarted(settings, NO_ANSWER)
  const base = `http://${reachable(settings.surface.listen)}`
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      Authorization: `Bearer ${readOwnerKey(settings.data_dir)}`,
      'Content-Type': 'application/json',
      'Gateward-Surface': surface,
    },
    body: body && JSON.stringify(body),
    signal,
  }).catch((error: Error) => {
    if (error.name === 'TimeoutError')
      throw new CliError(
        `Gateward at ${base} has taken the request and does not answer; see its log and the load of its machine, then try again`,
        NO_ANSWER,
      )
    if (signal.aborted) throw error
    throw new CliError(
      `nothing answers at ${base}; start Gateward (npm start), or name its address with surface.listen (--surface-listen)`,
      NO_ANSWER,
    )
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
