// Runs spoken tasks against an embedded gateway, from the sentence to the end state: conversation, plan, approval, apply, proof. The same for the
// built-in interpreter and for a real model. tasks.json (by topic) and everyday.json (as people put it) hold what is given, what is said (several
// phrasings, lines are turns), and what must then be configured (`then`: members of a resource, null: absent), called (`calls`) or answered (`says`).
import { readFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LanguageModel } from 'ai'
import type { Resource } from '../../src/resources/kinds.ts'
import { type ChatEvent, Conversation } from '../../src/surfaces/chat/agent.ts'
import { type GatewayForTest, gatewayForTest } from '../operations/gateway-for-test.ts'

export interface Task {
  id: string
  given: string[]
  say: string[]
  then?: Record<string, Resource | null>
  calls?: { tool: string; input: Resource }[]
  says?: string
}

interface Tasks {
  given: Record<string, [string, Resource][]>
  tasks: Task[]
}

export interface Outcome {
  task: string
  sentence: string
  /** What was not as expected; undefined: it passed. */
  wrong: string | undefined
  /** A plugin that the gateway does not have, and said so. */
  lacks: string | undefined
}

const [written, everyday] = ['tasks.json', 'everyday.json'].map(
  (file): Tasks => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8')),
) as [Tasks, Tasks]
const given = { ...written.given, ...everyday.given }
const tasks = [...written.tasks, ...everyday.tasks]

export { tasks }

/** A document for the sentences about OpenAPI. */
const DOCUMENT = (origin: string): string =>
  JSON.stringify({
    openapi: '3.0.0',
    info: { title: 'Pets' },
    servers: [{ url: origin }],
    paths: { '/pets': { get: {} } },
  })

export class SpokenRunner {
  readonly #gateway: GatewayForTest
  readonly #places: Record<string, string>
  readonly #plugins: Set<string>
  readonly #api: http.Server

  private constructor(gateway: GatewayForTest, api: http.Server, plugins: string[]) {
    const { port } = api.address() as AddressInfo
    const origin = `http://127.0.0.1:${port}`
    this.#gateway = gateway
    this.#api = api
    this.#plugins = new Set(plugins)
    this.#places = {
      api: gateway.api,
      api_port: gateway.api.split(':')[1] as string,
      api2: `127.0.0.1:${port}`,
      api2_port: String(port),
      origin,
      doc: `${origin}/openapi.json`,
    }
  }

  static async start(): Promise<SpokenRunner> {
    const gateway = await gatewayForTest(() => true, ['--store', 'memory'])
    const api = http.createServer((request, response) =>
      response.end(request.url === '/openapi.json' ? DOCUMENT(`http://${request.headers.host}`) : 'two'),
    )
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    return new SpokenRunner(gateway, api, await gateway.ctx.targets.get().admin.pluginNames())
  }

  async close(): Promise<void> {
    this.#api.close()
    this.#api.closeAllConnections()
    await this.#gateway.close()
  }

  /** Says one phrasing of a task from the beginning, and looks at what came of it. */
  async run(written: Task, phrasing: number, model: LanguageModel): Promise<Outcome> {
    const task = this.#fill(written)
    const sentence = task.say[phrasing] as string
    await this.#gateway.clear()
    for (const name of task.given) for (const [path, body] of this.#fill(given[name] ?? [])) await this.#put(path, body)
    const conversation = new Conversation(model)
    const events: ChatEvent[] = []
    for (const turn of sentence.split('\n'))
      for await (const event of conversation.say(turn, this.#gateway.ctx)) events.push(event)
    const lacks = pluginsOf(task).find((one) => !this.#plugins.has(one))
    const wrong = lacks ? unlessSaid(events, `unknown plugin [${lacks}]`) : await this.#judge(task, events)
    return { task: task.id, sentence, wrong, lacks }
  }

  async #put(path: string, body: Resource): Promise<void> {
    const { status, body: answer } = await this.#gateway.admin(
      'PUT',
      path.startsWith('consumers') ? '/consumers' : `/${path}`,
      body,
    )
    if (status >= 300) throw new Error(`preparing ${path}: ${JSON.stringify(answer)}`)
  }

  async #judge(task: Task, events: ChatEvent[]): Promise<string | undefined> {
    for (const [key, wanted] of Object.entries(task.then ?? {})) {
      const { status, body } = await this.#gateway.admin('GET', `/${key}`)
      const found = status === 404 ? null : (body.value as Resource)
      const wrong = differs(wanted, found, key)
      if (wrong) return `${wrong}; said: ${told(events)}`
    }
    for (const { tool, input } of task.calls ?? []) {
      const called = events.filter((one) => one.type === 'tool' && one.name === tool)
      if (!called.some((one) => one.type === 'tool' && !differs(input, one.input, tool)))
        return `${tool} was not called with ${JSON.stringify(input)}: ${JSON.stringify(events.find((one) => one.type === 'tool') ?? told(events))}`
    }
    if (task.says) return unlessSaid(events, task.says)
    return failedProof(events) ?? failedCall(events)
  }

  #fill<T>(value: T): T {
    const text = JSON.stringify(value)
      .replace(/"\{\{(\w+_port)\}\}"/g, (_, name: string) => String(this.#places[name]))
      .replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(this.#places[name]))
    return JSON.parse(text) as T
  }
}

/** Plugins that the end state asks for. */
function pluginsOf({ then = {} }: Task): string[] {
  return Object.values(then).flatMap((one) =>
    Object.entries((one?.plugins ?? {}) as object)
      .filter(([, conf]) => conf !== null)
      .map(([name]) => name),
  )
}

/** The first place where `found` is not what is wanted; members that are not named may be anything. */
function differs(wanted: unknown, found: unknown, path: string): string | undefined {
  if (wanted === null)
    return found === null || found === undefined ? undefined : `${path} is there: ${JSON.stringify(found)}`
  if (typeof wanted !== 'object')
    return wanted === found ? undefined : `${path} is ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`
  if (Array.isArray(wanted)) {
    if (!Array.isArray(found) || found.length !== wanted.length)
      return `${path} is ${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`
    return wanted.map((one, i) => differs(one, found[i], `${path}/${i}`)).find(Boolean)
  }
  if (found === null || found === undefined)
    return Object.values(wanted as object).every((one) => one === null) ? undefined : `${path} is missing`
  return Object.entries(wanted as object)
    .map(([name, one]) => differs(one, (found as Resource)[name], `${path}/${name}`))
    .find(Boolean)
}

function told(events: ChatEvent[]): string {
  return events
    .map((one) =>
      one.type === 'text'
        ? one.text
        : one.type === 'error'
          ? one.message
          : one.type === 'result'
            ? String(one.value.error ?? '')
            : '',
    )
    .join(' ')
    .trim()
    .slice(0, 300)
}

function unlessSaid(events: ChatEvent[], words: string): string | undefined {
  const said = events
    .map((one) => (one.type === 'text' ? one.text : one.type === 'result' ? JSON.stringify(one.value) : ''))
    .join(' ')
  return said.includes(words) ? undefined : `did not say ${JSON.stringify(words)}: ${told(events)}`
}

function failedProof(events: ChatEvent[]): string | undefined {
  for (const one of events) {
    if (one.type !== 'result' || one.name !== 'apply') continue
    const failed = ((one.value.proof ?? []) as { ok: boolean; title: string; found: string }[]).find((line) => !line.ok)
    if (failed) return `the proof failed: ${failed.title}: ${failed.found}`
  }
  return undefined
}

function failedCall(events: ChatEvent[]): string | undefined {
  const failed = events.find((one) => one.type === 'result' && one.value.error !== undefined)
  return failed?.type === 'result' ? `${failed.name} failed: ${failed.value.error}` : undefined
}
