// The built-in interpreter: a language model by interface, a parser by nature. It drives the same tool loop as a real model (plan, apply, text),
// so that everything works, and is tested, without a model, a key or a network.
//
// It holds no state: each step is decided from the conversation it is given, as a real model's is.
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider'
import { type Command, parseSentence } from './sentences.ts'
import { describeResult } from './wording.ts'

/** What the interpreter does next: call a tool, or say something and end the turn. */
type Step = { tool: string; input: object } | { say: string }

interface ToolResult {
  tool: string
  value: Record<string, unknown>
}

const USAGE = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}

export const HELP = `I understand, for example:
  Show all routes                     Show route orders
  Create a route for /orders/* to http://127.0.0.1:8080
  Require an API key on it and allow 100 requests a minute
  Enable CORS on route orders         Remove the limit from it
  Explain GET /orders/1               Call /orders/1
  Disable route orders                Delete route orders
  History                             Undo
With a model (setting model.provider) you can say it your own way.`

/** A LanguageModelV4 for the AI SDK. */
export function createInterpreter(): LanguageModelV4 {
  let calls = 0
  const content = (options: LanguageModelV4CallOptions): LanguageModelV4Content[] => {
    const step = nextStep(options.prompt)
    if ('say' in step) return [{ type: 'text', text: step.say }]
    return [
      {
        type: 'tool-call',
        toolCallId: `call-${Date.now().toString(36)}-${++calls}`,
        toolName: step.tool,
        input: JSON.stringify(step.input),
      },
    ]
  }
  const finish = (parts: LanguageModelV4Content[]) => ({
    unified: parts.some((part) => part.type === 'tool-call') ? ('tool-calls' as const) : ('stop' as const),
    raw: undefined,
  })
  return {
    specificationVersion: 'v4',
    provider: 'gateward',
    modelId: 'built-in',
    supportedUrls: {},
    doGenerate: async (options) => {
      const parts = content(options)
      return { content: parts, finishReason: finish(parts), usage: USAGE, warnings: [] }
    },
    doStream: async (options) => {
      const parts = content(options)
      return {
        stream: ReadableStream.from(toStream(parts, finish(parts))) as ReadableStream<LanguageModelV4StreamPart>,
      }
    },
  }
}

function* toStream(
  parts: LanguageModelV4Content[],
  finishReason: ReturnType<() => { unified: 'tool-calls' | 'stop'; raw: undefined }>,
): Generator<LanguageModelV4StreamPart> {
  yield { type: 'stream-start', warnings: [] }
  for (const part of parts) {
    if (part.type === 'text') {
      yield { type: 'text-start', id: '1' }
      yield { type: 'text-delta', id: '1', delta: part.text }
      yield { type: 'text-end', id: '1' }
    } else {
      yield part as LanguageModelV4StreamPart
    }
  }
  yield { type: 'finish', finishReason, usage: USAGE }
}

function nextStep(prompt: LanguageModelV4Prompt): Step {
  const sentence = lastSentence(prompt)
  const results = resultsSince(prompt)
  const last = results.at(-1)
  if (typeof last?.value.error === 'string') return { say: last.value.error }
  const command = parseSentence(sentence)
  if (last?.tool === 'plan') return { tool: 'apply', input: { plan_id: last.value.plan_id } }
  if (command.type === 'plan' || command.type === 'delete') return changeStep(command, prompt, results)
  if (last) return { say: describeResult(last.tool, last.value) }
  return firstStep(command)
}

function firstStep(command: Command): Step {
  switch (command.type) {
    case 'list':
      return { tool: 'look', input: { kind: command.kind, ...(command.search ? { search: command.search } : {}) } }
    case 'show':
      return { tool: 'look', input: { kind: command.kind, id: command.id } }
    case 'explain':
      return {
        tool: 'explain',
        input: { method: command.method, path: command.path, ...(command.host ? { host: command.host } : {}) },
      }
    case 'describe':
      return { tool: 'describe_plugins', input: command.plugin ? { names: [command.plugin] } : {} }
    case 'probe':
      return { tool: 'prove', input: { expectations: [{ method: command.method, path: command.path }] } }
    case 'history':
      return { tool: 'history', input: {} }
    case 'undo':
      return { tool: 'undo', input: command.id ? { change_id: command.id } : {} }
    case 'help':
      return { say: HELP }
    default:
      return { say: `I did not understand that.\n${HELP}` }
  }
}

function changeStep(
  command: Extract<Command, { type: 'plan' | 'delete' }>,
  prompt: LanguageModelV4Prompt,
  results: ToolResult[],
): Step {
  const last = results.at(-1)
  if (last && last.tool !== 'look') return { say: describeResult(last.tool, last.value) }
  if (command.type === 'delete' && command.id) return planDelete(command.kind, command.id)
  if (command.type === 'plan' && command.route === 'none') return { tool: 'plan', input: { intents: command.intents } }
  if (command.type === 'plan' && typeof command.route === 'object' && 'id' in command.route)
    return planIntents(command, command.route.id)
  const wanted =
    command.type === 'plan' && typeof command.route === 'object' ? (command.route as { path: string }).path : undefined
  const mentioned = wanted === undefined ? lastRoute(prompt) : undefined
  if (mentioned) return command.type === 'plan' ? planIntents(command, mentioned) : planDelete('routes', mentioned)
  if (!last) return { tool: 'look', input: { kind: 'routes' } }
  const rows = (last.value.rows ?? []) as { id: string; summary: string }[]
  const fitting = wanted === undefined ? rows : rows.filter((row) => row.summary.split(' ').includes(wanted))
  if (fitting.length !== 1) {
    const known = rows.map((row) => row.id).join(', ')
    return {
      say: fitting.length
        ? `Which route do you mean? There are: ${known}. Say for example "... on route ${rows[0]?.id}".`
        : `I find no such route. There are: ${known || 'none'}.`,
    }
  }
  const id = (fitting[0] as { id: string }).id
  return command.type === 'plan' ? planIntents(command, id) : planDelete('routes', id)
}

function planIntents(command: Extract<Command, { type: 'plan' }>, route: string): Step {
  return { tool: 'plan', input: { intents: command.intents.map((intent) => ({ ...intent, route })) } }
}

function planDelete(kind: string, id: string): Step {
  return { tool: 'plan', input: { changes: [{ action: 'delete', kind, id }] } }
}

function lastSentence(prompt: LanguageModelV4Prompt): string {
  const message = prompt.findLast((one) => one.role === 'user')
  if (message?.role !== 'user') return ''
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
}

/** Tool results after the last sentence. */
function resultsSince(prompt: LanguageModelV4Prompt): ToolResult[] {
  const from = prompt.findLastIndex((one) => one.role === 'user')
  return prompt.slice(from + 1).flatMap(toResults)
}

function toResults(message: LanguageModelV4Prompt[number]): ToolResult[] {
  if (message.role !== 'tool') return []
  return message.content.flatMap((part) => {
    if (part.type !== 'tool-result') return []
    const { output } = part
    const value =
      output.type === 'json'
        ? (output.value as Record<string, unknown>)
        : { error: 'value' in output ? String(output.value) : 'refused' }
    return [{ tool: part.toolName, value }]
  })
}

/** The route that the conversation was about last: the one in the latest plan, or one that was looked at. */
function lastRoute(prompt: LanguageModelV4Prompt): string | undefined {
  for (const result of prompt.flatMap(toResults).reverse()) {
    const { diff, kind, id } = result.value
    const planned = typeof diff === 'string' ? /^[+~] \w+ routes\/([\w.-]+)$/m.exec(diff)?.[1] : undefined
    if (planned) return planned
    if (result.tool === 'look' && kind === 'routes' && typeof id === 'string') return id
  }
  return undefined
}
