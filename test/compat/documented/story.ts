// What APISIX's documentation of plugins shows, played against one process over sockets: configuration through the Admin API, requests through
// the gateway, and what came of them. Each story begins with an empty gateway.
//
//   const { story, upstream } = await startStories()
//   story('a key in the query', [['routes/1', { uri: '/anything', plugins: { 'key-auth': {} }, upstream }], ['consumers/jack', {...}]], [
//     { get: '/anything', status: 401, body: { message: 'Missing API key in request' } },
//     { get: '/anything?apikey=one', status: 200, seen: { 'x-consumer-username': 'jack' } },
//   ])
//
// The third argument may also be a function, for what steps cannot say. The upstream is that of test/compat/echo-upstream.ts: it answers with what
// it was asked, or as the query says (`status`, `delay`, `size`, `body`, `type`, `header=Name:value`).
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { admin, freePort, type Running, start } from '../../e2e/process.ts'
import { startEchoUpstream } from '../echo-upstream.ts'
import { type Sent, send } from '../send.ts'

/** What is written before the story, in this order: path below /apisix/admin, and the body. */
export type Config = [path: string, body: object][]

/** Header fields by lower-case name; undefined: absent. A text must be equal, an expression must match. */
export type Fields = Record<string, string | RegExp | undefined>

export interface StoryRequest {
  method?: string
  headers?: Record<string, string>
  /** Sent as it is when it is text, else as JSON. */
  body?: unknown
}

export interface Step extends Omit<StoryRequest, 'body'> {
  /** The request's target; its method is `method`, GET when absent. */
  get: string
  send?: unknown
  status: number
  /** The answer's whole text, an expression for it, or members of its JSON. */
  body?: string | RegExp | object
  fields?: Fields
  /** Header fields that the upstream got. */
  seen?: Fields
  /** Target that the upstream got. */
  url?: string
}

export interface Stage {
  /** One request through the gateway. */
  send(target: string, request?: StoryRequest): Promise<Sent>
  /** Sends a step's request and compares. */
  step(step: Step): Promise<Sent>
  /** One call of the Admin API. */
  admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>
  /** Writes a resource; fails when it is refused. */
  put(path: string, body: object): Promise<void>
  /** Fails unless the Admin API refuses this resource with 400 and such a message. */
  refuses(path: string, body: object, message: RegExp): Promise<void>
  running: Running
}

type Play = readonly Step[] | ((stage: Stage) => Promise<void>)

export interface Stories {
  story(name: string, config: Config, play: Play): void
  /** The echo upstream's address and the upstream with it; the second one for what needs two. */
  node: string
  upstream: object
  node2: string
  upstream2: object
  stage: Stage
}

/** `upstream` of a route, with this one node. */
export const upstreamOf = (node: string): object => ({ type: 'roundrobin', nodes: { [node]: 1 } })

/** Kinds in an order in which they can be deleted: what names others goes first. */
const KINDS = [
  'global_rules',
  'stream_routes',
  'routes',
  'services',
  'upstreams',
  'plugin_configs',
  'consumers',
  'consumer_groups',
  'plugin_metadata',
  'protos',
  'ssls',
  'secrets',
]

/** Starts the process and two upstreams; all end after the tests of the file. `env`: settings of the process. */
export async function startStories(env: NodeJS.ProcessEnv = {}): Promise<Stories> {
  const [node, node2] = [await startEchoUpstream('u1'), await startEchoUpstream('u2')]
  const running = await start({ env: { GATEWARD_CONTROL_LISTEN: `127.0.0.1:${await freePort()}`, ...env } })
  after(() => running.stop())
  const stage = stageOf(running)
  return {
    node,
    upstream: upstreamOf(node),
    node2,
    upstream2: upstreamOf(node2),
    stage,
    story(name, config, play) {
      test(name, async () => {
        await empty(stage)
        for (const [path, body] of config) await stage.put(path, body)
        if (typeof play === 'function') await play(stage)
        else for (const step of play) await stage.step(step)
      })
    },
  }
}

function stageOf(running: Running): Stage {
  const address = running.env.GATEWARD_GATEWAY_HTTP as string
  const call: Stage['admin'] = (method, path, body) => admin(running, method, `/${path}`, body)
  const request: Stage['send'] = (target, { method = 'GET', headers = {}, body } = {}) =>
    send(address, false, { method, path: target, headers, body })
  return {
    running,
    admin: call,
    send: request,
    async put(path, body) {
      const answer = await call('PUT', path, body)
      assert.ok(answer.status === 200 || answer.status === 201, `PUT ${path}: ${JSON.stringify(answer.body)}`)
    },
    async refuses(path, body, message) {
      const answer = await call('PUT', path, body)
      assert.equal(answer.status, 400, `PUT ${path} was answered with ${answer.status}`)
      assert.match(String(answer.body.error_msg), message)
    },
    async step(step) {
      const { get, method = 'GET', headers = {}, send: body } = step
      const sent = await request(get, { method, headers, body })
      compare(step, sent)
      return sent
    },
  }
}

function compare({ get, method = 'GET', ...wanted }: Step, sent: Sent): void {
  const where = `${method} ${get}: ${sent.status} ${JSON.stringify(sent.body)}`
  assert.equal(sent.status, wanted.status, where)
  if (wanted.fields) compareFields(wanted.fields, sent.headers, where)
  if (wanted.body instanceof RegExp) assert.match(toText(sent.body), wanted.body, where)
  else if (typeof wanted.body === 'string') assert.equal(toText(sent.body), wanted.body, where)
  else if (wanted.body) assert.partialDeepStrictEqual(sent.body, wanted.body, where)
  if (wanted.seen === undefined && wanted.url === undefined) return
  const seen = sent.body as { url?: string; headers?: Sent['headers'] }
  assert.ok(seen?.headers, `not answered by the upstream: ${where}`)
  compareFields(wanted.seen ?? {}, seen.headers, where)
  if (wanted.url !== undefined) assert.equal(seen.url, wanted.url, where)
}

function compareFields(wanted: Fields, headers: Sent['headers'], where: string): void {
  for (const [name, value] of Object.entries(wanted)) {
    const found = headers[name]
    if (value instanceof RegExp) assert.match(String(found), value, `${name} of ${where}`)
    else assert.equal(found === undefined ? undefined : String(found), value, `${name} of ${where}`)
  }
}

function toText(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body)
}

async function empty({ admin: call }: Stage): Promise<void> {
  for (const kind of KINDS) {
    const { body } = await call('GET', kind)
    for (const { key } of (body.list ?? []) as { key: string }[]) {
      const path = key.replace(/^\/apisix\//, '')
      const answer = await call('DELETE', path)
      assert.equal(answer.status, 200, `DELETE ${path}: ${JSON.stringify(answer.body)}`)
    }
  }
}
