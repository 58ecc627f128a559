// A server that speaks the protocol of OpenAI-compatible models, in pieces or whole as it is asked; the test says what the model answers.
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeModel {
  /** Where it is, as `base_url` of the settings. */
  baseUrl: string
  /** The bodies of the requests so far. */
  bodies: string[]
  /** Their Authorization headers. */
  authorizations: (string | undefined)[]
  close(): void
}

/** What the model says: text, calls of tools. */
export type Said = { content: string } | { tool_calls: object[] }

/** `answer` is called for each request with a key that fits; without `key` all do. */
export async function startFakeModel(answer: () => Said, key?: string): Promise<FakeModel> {
  const bodies: string[] = []
  const authorizations: (string | undefined)[] = []
  const server = http.createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    bodies.push(body)
    const { authorization } = request.headers
    authorizations.push(authorization)
    if (key !== undefined && authorization !== `Bearer ${key}`) return refuse(response, authorization)
    const { stream } = JSON.parse(body) as { stream?: boolean }
    return stream ? inPieces(response, answer()) : whole(response, answer())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    bodies,
    authorizations,
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}

function refuse(response: http.ServerResponse, authorization: string | undefined): void {
  response.writeHead(401, { 'Content-Type': 'application/json' })
  const message = `Incorrect API key provided: ${authorization?.slice('Bearer '.length)}`
  response.end(JSON.stringify({ error: { message, type: 'auth' } }))
}

function whole(response: http.ServerResponse, said: Said): void {
  const choice = { index: 0, message: { role: 'assistant', ...said }, finish_reason: reasonOf(said) }
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ id: 'x', created: 0, model: 'm', choices: [choice] }))
}

function inPieces(response: http.ServerResponse, said: Said): void {
  const piece = (choice: object): string => {
    const head = { id: 'x', object: 'chat.completion.chunk', created: 0, model: 'm' }
    return `data: ${JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] })}\n\n`
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  response.write(piece({ delta: { role: 'assistant', ...said } }))
  response.end(`${piece({ delta: {}, finish_reason: reasonOf(said) })}data: [DONE]\n\n`)
}

function reasonOf(said: Said): string {
  return 'tool_calls' in said ? 'tool_calls' : 'stop'
}
