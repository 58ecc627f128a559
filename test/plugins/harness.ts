// What a plugin's test needs: a data-plane thread with resources, an upstream that says what reached it, and requests without a socket.

import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import type { InjectRequest } from '../../src/gateway/inject.ts'
import { checkVars } from '../../src/gateway/router/vars.ts'
import { plugins } from '../../src/plugins/index.ts'
import { createCatalog } from '../../src/resources/catalog.ts'
import { createValidator } from '../../src/resources/validator.ts'
import { threadForTest } from '../gateway/thread-for-test.ts'

/** What the echo upstream answers with, unless the query says otherwise (`status`, `body`, `type`). */
export interface Echo {
  server: string
  method: string
  url: string
  headers: Record<string, string>
  body: string
}

export interface Answer {
  status: number
  headers: Record<string, string | string[]>
  text: string
  /** The body as JSON. Throws when it is none. */
  json<T = unknown>(): T
}

export interface PluginBench {
  upstream: object
  put(key: string, value: object | undefined): void
  /** A route for `/*` with these plugins, instead of the one before. */
  route(plugins: object, more?: object): void
  send(target: string, request?: Omit<InjectRequest, 'target'>): Promise<Answer>
}

/** Starts an echo upstream on a free port; it is closed after the tests of the file. */
export async function startEcho(name = 'u1'): Promise<{ node: string; upstream: object }> {
  const server = createServer(async (request, response) => {
    const body = await readBody(request)
    const query = new URL(request.url ?? '/', 'http://echo').searchParams
    const { method, url, headers } = request
    response.statusCode = Number(query.get('status') ?? 200)
    response.setHeader('Content-Type', query.get('type') ?? 'application/json')
    response.end(query.get('body') ?? JSON.stringify({ server: name, method, url, headers, body }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  const node = `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { node, upstream: { type: 'roundrobin', nodes: { [node]: 1 } } }
}

/** A thread with an echo upstream; both are closed after the tests of the file. */
export async function startBench(
  resources: Record<string, object> = {},
  attributes: Record<string, Record<string, unknown>> = {},
): Promise<PluginBench> {
  const { upstream } = await startEcho()
  const thread = threadForTest(resources, attributes)
  after(() => thread.close())
  return {
    upstream,
    put: thread.put,
    route: (written, more = {}) => thread.put('routes/a', { uri: '/*', upstream, plugins: written, ...more }),
    async send(target, request = {}) {
      const { status, headers, body } = await thread.inject({ ...request, target })
      const text = body.toString()
      return { status, headers: headers.toObject(), text, json: () => JSON.parse(text) }
    },
  }
}

const validator = createValidator({ catalog: createCatalog(plugins), checkVars })

/** What the Admin API says against a configuration on a route; undefined: nothing. */
export function refusal(plugin: string, conf: object): string | undefined {
  const message = validator.check('routes', 'a', { uri: '/a', plugins: { [plugin]: conf } })?.message
  return message?.replace(`failed to check the configuration of plugin ${plugin} err: `, '')
}

/** What the Admin API says against an authentication plugin's data of a consumer. */
export function consumerRefusal(plugin: string, conf: object): string | undefined {
  const message = validator.check('consumers', 'x', { username: 'x', plugins: { [plugin]: conf } })?.message
  return message?.replace(/^.*failed to check the configuration of plugin \S+ err: /, '')
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
