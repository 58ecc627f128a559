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
import type { Command } from './sentences/command.ts'
import { needsRoute, parseSentence } from './sentences/index.ts'
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
  Import http://127.0.0.1:8080/openapi.json
  Let the chat use the conference API at http://127.0.0.1:8080
  Send 10% of orders to http://127.0.0.1:8081, then: send everything to the new version
  Cache it for 5 minutes              Enable CORS on route orders
  Retry twice and time out after 5 s  Check its health at /health
  Block 10.0.0.0/8 and bots on it     Add a consumer alice
  Strip /api from the path            Redirect /old to /new
  Explain GET /orders/1               Call /orders/1
  What is wrong?  Fix it              Show the traffic of the last 5 minutes
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
  const results = resultsSince(prompt)
  const last = results.at(-1)
  if (typeof last?.value.error === 'string') return { say: last.value.error }
  const { sentence, target } = splitTarget(lastSentence(prompt))
  return onTarget(stepOf(parseSentence(sentence), prompt, results, last), target)
}

function stepOf(
  command: Command,
  prompt: LanguageModelV4Prompt,
  results: ToolResult[],
  last: ToolResult | undefined,
): Step {
  if (last?.tool === 'plan' || last?.tool === 'promote') return applyStep(command, last)
  if (command.type === 'plan' || command.type === 'delete') return changeStep(command, prompt, results)
  if (command.type === 'fix') return fixStep(command, last)
  if (last) return { say: describeResult(last.tool, last.value) }
  return firstStep(command)
}

/** `... on target prod`: the rest is understood as ever. */
function splitTarget(said: string): { sentence: string; target: string | undefined } {
  const found = /,?\s+(?:on|of|at|for)\s+(?:the\s+)?target\s+["'`]?([a-z0-9][a-z0-9_-]*)["'`]?/i.exec(said)
  if (!found) return { sentence: said, target: undefined }
  return { sentence: said.replace(found[0], ''), target: found[1] as string }
}

/** `apply` and `confirm` have their target from the plan, `promote` names two. */
function onTarget(step: Step, target: string | undefined): Step {
  if (target === undefined || 'say' in step || ['apply', 'confirm', 'promote'].includes(step.tool)) return step
  return { ...step, input: { ...step.input, target } }
}

function applyStep(command: Command, { value }: ToolResult): Step {
  const seconds = command.type === 'plan' ? command.confirmSeconds : undefined
  return {
    tool: 'apply',
    input: { plan_id: value.plan_id, ...(seconds === undefined ? {} : { confirm_seconds: seconds }) },
  }
}

function firstStep(command: Command): Step {
  switch (command.type) {
    case 'list':
      return { tool: 'look', input: defined({ kind: command.kind, search: command.search }) }
    case 'show':
      return { tool: 'look', input: { kind: command.kind, id: command.id } }
    case 'explain':
      return { tool: 'explain', input: defined({ method: command.method, path: command.path, host: command.host }) }
    case 'describe':
      return { tool: 'describe_plugins', input: command.plugin ? { names: [command.plugin] } : {} }
    case 'probe':
      return { tool: 'prove', input: { expectations: [{ method: command.method, path: command.path }] } }
    case 'traffic':
      return { tool: 'traffic', input: defined({ by: command.by, search: command.search, seconds: command.seconds }) }
    case 'lint':
      return { tool: 'lint', input: {} }
    case 'import':
      return {
        tool: 'plan',
        input: { openapi: defined({ source: command.source, server: command.server, prefix: command.prefix }) },
      }
    case 'promote':
      return {
        tool: 'promote',
        input: defined({ from: command.from, to: command.to, kind: command.kind, ids: command.id && [command.id] }),
      }
    case 'confirm':
      return { tool: 'confirm', input: defined({ change_id: command.id }) }
    case 'history':
      return { tool: 'history', input: {} }
    case 'undo':
      return { tool: 'undo', input: defined({ change_id: command.id }) }
    case 'help':
      return { say: HELP }
    default:
      return {
        say: `${command.type === 'unknown' && command.piece ? `I did not understand "${command.piece}", so nothing was done.` : 'I did not understand that.'}\n${HELP}`,
      }
  }
}

function defined(input: Record<string, unknown>): object {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}

/** Without ids: what the linter finds and can put right. */
function fixStep(command: Extract<Command, { type: 'fix' }>, last: ToolResult | undefined): Step {
  if (last && last.tool !== 'lint') return { say: describeResult(last.tool, last.value) }
  if (command.ids) return { tool: 'plan', input: { fixes: command.ids } }
  if (!last) return { tool: 'lint', input: {} }
  const findings = (last.value.findings ?? []) as { id: string; fixable: boolean }[]
  const fixes = findings.filter((one) => one.fixable).map((one) => one.id)
  return fixes.length
    ? { tool: 'plan', input: { fixes } }
    : { say: 'There is nothing that I could put right by myself.' }
}

type Changing = Extract<Command, { type: 'plan' | 'delete' }>

function changeStep(command: Changing, prompt: LanguageModelV4Prompt, results: ToolResult[]): Step {
  const last = results.at(-1)
  if (last && last.tool !== 'look') return { say: describeResult(last.tool, last.value) }
  if (command.type === 'delete') {
    if (command.id) return planDelete(command.kind, command.id)
    const mentioned = lastRoute(prompt)
    return mentioned && command.kind === 'routes'
      ? planDelete('routes', mentioned)
      : { say: `Say which one: for example "Delete ${command.kind.replace(/s$/, '').replace('_', ' ')} NAME".` }
  }
  const { route } = command
  if (route === 'none') return { tool: 'plan', input: { intents: command.intents } }
  if (route === 'all') return planIntents(command, '*')
  if ('id' in route) return planIntents(command, route.id)
  const mentioned = 'words' in route && route.pronoun ? lastRoute(prompt) : undefined
  if (mentioned) return planIntents(command, mentioned)
  if (!last) return { tool: 'look', input: { kind: 'routes' } }
  const rows = (last.value.rows ?? []) as Row[]
  const meant = fitting(route, rows, prompt)
  if (meant) return planIntents(command, meant)
  const known = rows.map((row) => row.id).join(', ')
  return {
    say:
      rows.length && !('path' in route)
        ? `Which route do you mean? There are: ${known}. Say for example "... on route ${rows[0]?.id}".`
        : `I find no such route. There are: ${known || 'none'}.`,
  }
}

interface Row {
  id: string
  summary: string
}

/** The route that a path or the words of a sentence mean; else the one talked about last, else the only one. */
function fitting(
  route: { path: string } | { words: string[] },
  rows: Row[],
  prompt: LanguageModelV4Prompt,
): string | undefined {
  if ('path' in route) {
    const found = rows.filter((row) => row.summary.split(' ').includes(route.path))
    const below = found.length
      ? found
      : rows.filter((row) => row.summary.split(' ').some((one) => one === `${route.path.replace(/\/?\*?$/, '')}/*`))
    return below.length === 1 ? below[0]?.id : undefined
  }
  const named = rows.filter((row) => route.words.includes(row.id.toLowerCase()))
  if (named.length === 1) return named[0]?.id
  return lastRoute(prompt) ?? (rows.length === 1 ? rows[0]?.id : undefined)
}

function planIntents(command: Extract<Command, { type: 'plan' }>, route: string): Step {
  return {
    tool: 'plan',
    input: { intents: command.intents.map((intent) => (needsRoute(intent) ? { ...intent, route } : intent)) },
  }
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
