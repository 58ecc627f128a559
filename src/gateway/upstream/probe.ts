// One active check of one node: a connection, or a GET of which only the status counts.
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import type { ActiveCheck } from './health-rules.ts'
import type { Node, Outcome } from './runtime.ts'

/** Asks the node. Never rejects: a failure is an outcome. `signal` gives it up. */
export function probe(node: Node, check: ActiveCheck, signal: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    // All of it has this long: a node that trickles its answer is as late as one that is silent.
    const timer = setTimeout(() => end({ timeout: true }), (check.timeout ?? 1) * 1000)
    const end = (outcome: Outcome): void => {
      clearTimeout(timer)
      connection.destroy()
      resolve(outcome)
    }
    const connection = check.type === 'tcp' ? connect(node, check, signal, end) : get(node, check, signal, end)
    connection.on('error', () => end({ tcpFailure: true }))
  })
}

function connect(node: Node, check: ActiveCheck, signal: AbortSignal, end: (outcome: Outcome) => void): net.Socket {
  const socket = net.connect({ host: node.address, port: check.port ?? node.port, signal })
  return socket.once('connect', () => end({}))
}

function get(node: Node, check: ActiveCheck, signal: AbortSignal, end: (outcome: Outcome) => void): http.ClientRequest {
  const options: https.RequestOptions = {
    host: node.address,
    port: check.port ?? node.port,
    path: check.http_path ?? '/',
    headers: headersOf(node, check),
    agent: false,
    signal,
  }
  if (check.type === 'https') {
    options.rejectUnauthorized = check.https_verify_certificate ?? true
    options.servername = net.isIP(check.host ?? node.host) ? '' : (check.host ?? node.host)
  }
  const request = check.type === 'https' ? https.get(options) : http.get(options)
  return request.once('response', (response) => end({ status: response.statusCode }))
}

function headersOf(node: Node, { host, req_headers = [] }: ActiveCheck): Record<string, string> {
  const headers: Record<string, string> = { Host: host ?? node.hostHeader }
  for (const line of req_headers) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim()] = line.slice(colon + 1).trim()
  }
  return headers
}
