// One active check of one node: a connection, or a GET of which only the status counts.
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import { timerMs } from '../../lib/timer.ts'
import type { ActiveCheck } from './health-rules.ts'
import type { Node, Outcome } from './runtime.ts'

/**
 * Asks the node; a failure is an outcome. Rejects when the check's path or headers cannot stand in a request. `signal` gives it up; `host` is for the
 * Host field, unless the check has one among its own.
 */
export function probe(
  node: Node,
  check: ActiveCheck,
  signal: AbortSignal,
  host = check.host ?? node.hostHeader,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const end = (outcome: Outcome): void => {
      clearTimeout(timer)
      // By hand: the `signal` of net.connect keeps its listener for as long as the signal lives.
      signal.removeEventListener('abort', giveUp)
      connection.destroy()
      resolve(outcome)
    }
    const giveUp = (): void => end({ tcpFailure: true })
    const connection = check.type === 'tcp' ? connect(node, check, end) : get(node, check, host, end)
    connection.on('error', giveUp)
    signal.addEventListener('abort', giveUp)
    // All of it has this long: a node that trickles its answer is as late as one that is silent.
    const timer = setTimeout(() => end({ timeout: true }), timerMs((check.timeout ?? 1) * 1000))
  })
}

type End = (outcome: Outcome) => void

function connect(node: Node, check: ActiveCheck, end: End): net.Socket {
  return net.connect({ host: node.address, port: check.port ?? node.port }).once('connect', () => end({}))
}

function get(node: Node, check: ActiveCheck, host: string, end: End): http.ClientRequest {
  const options: https.RequestOptions = {
    host: node.address,
    port: check.port ?? node.port,
    path: check.http_path ?? '/',
    headers: headersOf(host, check),
    agent: false,
  }
  if (check.type === 'https') {
    const name = check.host ?? node.host
    options.rejectUnauthorized = check.https_verify_certificate ?? true
    options.servername = net.isIP(name) ? '' : name
  }
  const request = check.type === 'https' ? https.get(options) : http.get(options)
  return request.once('response', (response) => end({ status: response.statusCode }))
}

function headersOf(host: string, { req_headers = [] }: ActiveCheck): Record<string, string> {
  const headers: Record<string, string> = { Host: host }
  for (const line of req_headers) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim()
  }
  return headers
}
