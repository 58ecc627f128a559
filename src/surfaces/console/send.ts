// Sends one request through the gateway of a target for the owner, and shows the answer. It goes to the target's own gateway address and nowhere
// else: the path begins with `/` and is never parsed as a URL of its own. What is read of the answer is bounded.
import http from 'node:http'
import https from 'node:https'
import { withoutBrackets } from '../../lib/address.ts'
import { plainText } from '../../lib/text.ts'
import { OperationError } from '../../operations/contract.ts'
import type { Target } from '../../operations/targets.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const MAX_BODY_BYTES = 64 * 1024
const MAX_PATH_CHARS = 4000
const TIMEOUT_MS = 10_000

export interface Wanted {
  method: string
  /** Path and query. */
  path: string
  headers: Record<string, string>
  body: string | undefined
}

export interface Sent {
  status: number
  headers: [string, string][]
  body: string
  /** The answer was longer than what is shown. */
  cut: boolean
  ms: number
}

/** Checks what a page has sent. */
export function toWanted(value: Record<string, unknown>): Wanted {
  const { method = 'GET', path, headers = {}, body } = value
  if (!METHODS.includes(String(method))) throw wrong(`method is one of ${METHODS.join(', ')}`)
  if (typeof path !== 'string' || !/^\/[\x21-\x7e]*$/.test(path) || path.length > MAX_PATH_CHARS)
    throw wrong(`path begins with / and has at most ${MAX_PATH_CHARS} visible ASCII characters, others percent-encoded`)
  if (headers === null || typeof headers !== 'object') throw wrong('headers is an object of names and values')
  const fields = Object.entries(headers).map(([name, one]) => [name, String(one)] as const)
  for (const [name, one] of fields) {
    try {
      http.validateHeaderName(name)
      http.validateHeaderValue(name, one)
    } catch (error) {
      throw wrong((error as Error).message)
    }
  }
  return {
    method: String(method),
    path,
    headers: Object.fromEntries(fields),
    body: body === undefined ? undefined : String(body),
  }
}

function wrong(what: string): OperationError {
  return new OperationError('invalid', `sending a request: ${what}`)
}

export async function send(
  { method, path, headers, body }: Wanted,
  target: Target,
  signal: AbortSignal,
): Promise<Sent> {
  const base = new URL(target.gatewayUrl)
  const started = performance.now()
  const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])
  try {
    const response = await ask(
      base,
      { method, path, headers: { Connection: 'close', ...headers }, signal: until },
      body,
    )
    const read = await readStart(response)
    const names = response.rawHeaders.filter((_, i) => i % 2 === 0)
    const values = response.rawHeaders.filter((_, i) => i % 2 === 1)
    return {
      status: response.statusCode ?? 0,
      headers: names.map((name, i) => [plainText(name, 100), plainText(values[i] ?? '', 1000)]),
      ...read,
      ms: Math.round((performance.now() - started) * 10) / 10,
    }
  } catch (error) {
    signal.throwIfAborted()
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).name
    throw new OperationError(
      'unreachable',
      `sending ${method} ${plainText(path, 200)} to ${base.origin}: no answer (${reason})`,
    )
  }
}

function ask(base: URL, options: http.RequestOptions, body: string | undefined): Promise<http.IncomingMessage> {
  const { request } = base.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const [host, port] = [withoutBrackets(base.hostname), base.port || undefined]
    request({ ...options, host, port }, resolve)
      .on('error', reject)
      .end(body)
  })
}

async function readStart(response: http.IncomingMessage): Promise<{ body: string; cut: boolean }> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of response) {
    pieces.push(piece)
    bytes += piece.length
    if (bytes > MAX_BODY_BYTES) break
  }
  const text = Buffer.concat(pieces).subarray(0, MAX_BODY_BYTES).toString('utf8')
  return { body: text, cut: bytes > MAX_BODY_BYTES }
}
