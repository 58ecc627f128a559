// The built-in interpreter: a language model by interface, a parser by nature. It drives the same tool loop as a real model (plan, apply, text),
// so that everything works, and is tested, without a model, a key or a network.
//
// It holds no state: each step is decided from the conversation it is given, as a real model's is.
import type {
  LanguageModelV4,
  LanguageModelV4CallOptions,
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4Prompt,
  LanguageModelV4StreamPart,
} from '@ai-sdk/provider'
import { OF_ALL_ROUTES } from '../../operations/intents/index.ts'
import { UNCLEAR } from './agent.ts'
import { questionAbout, WHERE } from './asking.ts'
import { GREETED, HELP, nearestExamples } from './examples.ts'
import { lastIntents, onlyFor, repeated, withNumber } from './follow-up.ts'
import { relativeStep, relativeTold } from './relative.ts'
import { lastRoute, lastRoutes, lastTool, resultsSince, type ToolResult, withAnswer } from './said-before.ts'
import type { Command } from './sentences/command.ts'
import { hintFor } from './sentences/hints.ts'
import { needsRoute, parseSentence, plainly } from './sentences/index.ts'
import { unknownWords } from './sentences/vocabulary.ts'
import { notUnderstood, prefixOf, type Row, searchFor, servedBy, whichRoutes } from './which-route.ts'
import { wholeMoves, withMethods } from './with-rows.ts'
import { answeredNow, describeResult, rowsLacking } from './wording.ts'

/** What the interpreter does next: call a tool, or end the turn with what it says: an answer, or what it did not understand. */
export type Step = { tool: string; input: object } | { say: string } | { unclear: string }

interface Answer {
  parts: LanguageModelV4Content[]
  finishReason: LanguageModelV4FinishReason
}

const USAGE = {
  inputTokens: { total: 0, noCache: 0, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 0, text: 0, reasoning: 0 },
}

/** A LanguageModelV4 for the AI SDK. */
export function createInterpreter(): LanguageModelV4 {
  let calls = 0
  const answer = ({ prompt }: LanguageModelV4CallOptions): Answer => {
    const step = nextStep(prompt)
    if ('say' in step)
      return { parts: [{ type: 'text', text: step.say }], finishReason: { unified: 'stop', raw: undefined } }
    if ('unclear' in step)
      return { parts: [{ type: 'text', text: step.unclear }], finishReason: { unified: 'stop', raw: UNCLEAR } }
    const toolCallId = `call-${Date.now().toString(36)}-${++calls}`
    return {
      parts: [{ type: 'tool-call', toolCallId, toolName: step.tool, input: JSON.stringify(step.input) }],
      finishReason: { unified: 'tool-calls', raw: undefined },
    }
  }
  return {
    specificationVersion: 'v4',
    provider: 'gateward',
    modelId: 'built-in',
    supportedUrls: {},
    doGenerate: async (options) => {
      const { parts, finishReason } = answer(options)
      return { content: parts, finishReason, usage: USAGE, warnings: [] }
    },
    doStream: async (options) => {
      return { stream: ReadableStream.from(toStream(answer(options))) }
    },
  }
}

function* toStream({ parts, finishReason }: Answer): Generator<LanguageModelV4StreamPart> {
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
  const { sentence, target } = splitTarget(withAnswer(prompt))
  if (typeof last?.value.error === 'string')
    return onTarget(elsewhere(sentence, results) ?? { say: last.value.error }, target)
  const said = { sentence: plainly(sentence), prompt, results, last, rows: rowsOf(last) }
  return onTarget(
    stepOf(
      parseSentence(
        sentence,
        said.rows?.map((row) => row.id),
      ),
      said,
    ),
    target,
  )
}

/** `show alice`: what is no route may be something else of that name. */
function elsewhere(sentence: string, results: readonly ToolResult[]): Step | undefined {
  const command = parseSentence(sentence)
  if (command.type !== 'show' || command.id === undefined || /\broutes?\b/i.test(sentence)) return undefined
  if (!results.every(({ tool, value }) => tool === 'look' && value.code === 'not_found')) return undefined
  const kind = (['consumers', 'upstreams', 'services'] as const)[results.length - 1]
  return kind
    ? { tool: 'look', input: { kind, id: command.id } }
    : { unclear: `There is no route, consumer, upstream or service called ${command.id}.` }
}

/** What a step is decided from. */
export interface Said {
  sentence: string
  prompt: LanguageModelV4Prompt
  /** Of the tools that were called for this sentence. */
  results: ToolResult[]
  last: ToolResult | undefined
  /** The routes, once they were looked at. */
  rows: Row[] | undefined
}

function rowsOf(last: ToolResult | undefined): Row[] | undefined {
  return last?.tool === 'look' ? ((last.value.rows ?? []) as Row[]) : undefined
}

function stepOf(command: Command, said: Said): Step {
  const { last } = said
  if (last?.tool === 'plan' || last?.tool === 'promote') return applyStep(command, last)
  if (command.type === 'fix') return fixStep(command, last)
  if (command.type === 'explain' && command.failing && last) return failingStep(command, last, said)
  if (last && last.tool !== 'look') {
    const told = command.type === 'relative' && last.tool === 'apply' ? relativeTold(command, said) : ''
    return { say: `${told}${describeResult(last.tool, last.value, said.sentence)}` }
  }
  if (command.type === 'relative') return relativeStep(command, said)
  if (command.type === 'take-back')
    return lastTool(said.prompt) === 'apply' ? { tool: 'undo', input: {} } : stepOf(command.otherwise, said)
  if (command.type === 'plan') return planStep(command, said)
  if (command.type === 'delete') return deleteStep(command, said)
  if (command.type === 'instead') {
    const intents = withNumber(command, said.prompt, lastRoute(said.prompt))
    if (typeof intents !== 'string') return { tool: 'plan', input: { intents } }
    return command.otherwise?.type === 'plan' ? planStep(command.otherwise, said) : { unclear: intents }
  }
  if (command.type === 'only-for') {
    const intents = onlyFor(command, said.prompt, lastRoute(said.prompt))
    return typeof intents === 'string' ? { unclear: intents } : { tool: 'plan', input: { intents } }
  }
  if (command.type === 'repeat') {
    const intents = repeated(said.prompt)
    return typeof intents === 'string'
      ? { unclear: intents }
      : planStep({ type: 'plan', intents, route: command.route }, said)
  }
  if (last && command.type === 'list' && command.lacking) return { say: rowsLacking(command.lacking, last.value) }
  if (last && command.type === 'list' && command.search !== undefined && last.value.total === 0)
    return { say: `I find no ${command.kind.replaceAll('_', ' ')} with ${JSON.stringify(command.search)}.` }
  if (last) return { say: describeResult(last.tool, last.value, said.sentence) }
  if (command.type === 'show' && command.id === undefined) {
    const id = lastRoute(said.prompt)
    return id === undefined
      ? { unclear: 'Say which one: for example "Show route NAME".' }
      : firstStep({ ...command, id }, said.sentence)
  }
  return firstStep(command, said.sentence)
}

/** `... on target prod`: the rest is understood as ever. */
function splitTarget(said: string): { sentence: string; target: string | undefined } {
  const found = /,?\s+(?:on|of|at|for)\s+(?:the\s+)?target\s+["'`]?([a-z0-9][a-z0-9_-]*)["'`]?/i.exec(said)
  if (!found) return { sentence: said, target: undefined }
  return { sentence: said.replace(found[0], ''), target: found[1] }
}

/** `apply` and `confirm` have their target from the plan, `promote` names two. */
function onTarget(step: Step, target: string | undefined): Step {
  if (target === undefined || !('tool' in step) || ['apply', 'confirm', 'promote'].includes(step.tool)) return step
  return { ...step, input: { ...step.input, target } }
}

function applyStep(command: Command, { value }: ToolResult): Step {
  const seconds = command.type === 'plan' ? command.confirmSeconds : undefined
  return {
    tool: 'apply',
    input: { plan_id: value.plan_id, ...(seconds === undefined ? {} : { confirm_seconds: seconds }) },
  }
}

/** Where it goes was looked up; then one request shows what it answers at this moment. */
function failingStep(command: Extract<Command, { type: 'explain' }>, last: ToolResult, { results }: Said): Step {
  const explained = results.find((one) => one.tool === 'explain')?.value ?? last.value
  if (last.tool === 'explain' && explained.route !== null)
    return { tool: 'prove', input: { expectations: [tried(command)] } }
  return { say: `${describeResult('explain', explained)}${last.tool === 'prove' ? answeredNow(last.value) : ''}` }
}

function tried({ method, path, host, headers }: Extract<Command, { type: 'explain' }>): object {
  const sent = { ...headers, ...(host === undefined ? {} : { host }) }
  return { method, path, ...(Object.keys(sent).length ? { headers: sent } : {}) }
}

function firstStep(command: Command, sentence: string): Step {
  switch (command.type) {
    case 'list':
      return { tool: 'look', input: defined({ kind: command.kind, search: command.search }) }
    case 'show':
      return { tool: 'look', input: { kind: command.kind, id: command.id } }
    case 'explain':
      return {
        tool: 'explain',
        input: defined({ method: command.method, path: command.path, host: command.host, headers: command.headers }),
      }
    case 'describe':
      return { tool: 'describe_plugins', input: command.plugins.length ? { names: command.plugins } : {} }
    case 'probe':
      return {
        tool: 'prove',
        input: {
          expectations: [
            defined({ method: command.method, path: command.path, consumer: command.consumer, repeat: command.repeat }),
          ],
        },
      }
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
      return { tool: 'history', input: defined({ about: command.about }) }
    case 'undo':
      return { tool: 'undo', input: defined({ change_id: command.id }) }
    case 'help':
      return { say: HELP }
    case 'greeting':
      return { say: GREETED }
    default:
      return { unclear: misunderstood(command, sentence) }
  }
}

function misunderstood(command: Command, sentence: string): string {
  const examples = nearestExamples(sentence)
  if (command.type !== 'unknown') return `I did not understand that.\n${examples}`
  if (command.piece) return `I did not understand "${command.piece}", so nothing was done.\n${examples}`
  const question = command.hint ? undefined : questionAbout(sentence)
  if (question) return question
  const words = unknownWords(sentence).map((one) => JSON.stringify(one))
  const which = words.length ? ` I have no meaning for ${words.join(', ')}.` : ''
  return `I did not understand that.${command.hint ? ` ${command.hint}` : which}\n${examples}`
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

function planStep(command: Extract<Command, { type: 'plan' }>, said: Said): Step {
  const { sentence, prompt, rows } = said
  const { route, rest = [] } = command
  if (route === 'none' || route === 'all' || 'id' in route) {
    if (rest.length) return misheard(rest, sentence)
    if (route === 'none') return { tool: 'plan', input: { intents: command.intents } }
    return planIntents(command, [route === 'all' ? '*' : route.id])
  }
  const last = lastRoute(prompt)
  const mentioned = 'words' in route && route.pronoun && !rest.length ? lastRoutes(prompt) : []
  if (mentioned.length) return planIntents(command, mentioned.slice(0, 1), mentioned)
  if (!rows)
    return {
      tool: 'look',
      input: { kind: 'routes', ...searchFor(route, rest, sentence) },
    }
  if (command.orElse?.type === 'plan' && 'path' in route && !servedBy(route.path, rows).length)
    return planStep(command.orElse, said)
  const path = command.intents.flatMap((one) => (one.do === 'rewrite' ? [String(one.from)] : []))[0]
  const upstream = command.intents.every((one) => OF_UPSTREAMS.has(one.do))
  const meant = whichRoutes({ sentence, route, rest, last, path, upstream }, rows)
  if ('ids' in meant) {
    const whole = withMethods(wholeMoves(command, meant.ids, rows), meant.ids, rows)
    return typeof whole === 'string' ? { unclear: whole } : planIntents(whole, meant.ids)
  }
  if (command.intents.some((one) => one.do === 'chat_api')) return { unclear: addressAsked(rows) }
  return rest.length ? misheard(rest, sentence, meant.unclear) : { unclear: meant.unclear }
}

const OF_UPSTREAMS: ReadonlySet<string> = new Set([
  'add_node',
  'remove_node',
  'balance',
  'retry',
  'timeouts',
  'health_checks',
  'lead_to',
])

function addressAsked(rows: readonly Row[]): string {
  const known = rows.map((row) => row.id)
  const route = known.length
    ? `, or the route that leads to it: "Let the chat use route ${known[0]}"; there are: ${known.join(', ')}`
    : ''
  return `${WHERE} Say its address, such as http://127.0.0.1:8080${route}.`
}

function misheard(rest: readonly string[], sentence: string, unclear = notUnderstood(rest).unclear): Step {
  const hint = hintFor(sentence.toLowerCase())
  return { unclear: `${unclear}${hint === undefined ? '' : ` ${hint}`}\n${nearestExamples(sentence)}` }
}

function deleteStep({ kind, what }: Extract<Command, { type: 'delete' }>, { prompt, rows }: Said): Step {
  if (what === 'last') {
    const mentioned = lastRoute(prompt)
    if (lastTool(prompt) === 'apply' && !lastIntents(prompt).some((one) => one.do === 'publish' || one.do === 'copy'))
      return {
        unclear: `Do you mean what was done last ("Undo"), or the route${mentioned ? ` ("Delete route ${mentioned}")` : ''}?`,
      }
    return mentioned ? planDelete(kind, [mentioned]) : { unclear: 'Say which one: for example "Delete route NAME".' }
  }
  if ('ids' in what) return planDelete(kind, what.ids)
  if (!rows) return { tool: 'look', input: { kind: 'routes', search: prefixOf(what.path) } }
  const found = servedBy(what.path, rows)
  if (found.length === 1) return planDelete(kind, [(found[0] as Row).id])
  const serving = found.map((row) => row.id).join(' and ')
  return {
    unclear: found.length
      ? `${serving} serve ${what.path}: name the one to delete.`
      : `I find no such route: none serves ${what.path}.`,
  }
}

/** `all`: the routes that a guard or a limit is about, where they are more. */
function planIntents(
  command: Extract<Command, { type: 'plan' }>,
  routes: readonly string[],
  all: readonly string[] = routes,
): Step {
  const bound = command.intents.filter((intent) => needsRoute(intent))
  const free = command.intents.filter((intent) => !needsRoute(intent))
  const wide = bound.filter((one) => OF_ALL_ROUTES.has(one.do))
  const others = bound.filter((one) => !OF_ALL_ROUTES.has(one.do))
  const on = (intents: typeof bound, ids: readonly string[]): object[] =>
    ids.flatMap((route) => intents.map((one) => ({ ...one, route })))
  return { tool: 'plan', input: { intents: [...free, ...on(wide, all), ...on(others, routes)] } }
}

function planDelete(kind: string, ids: readonly string[]): Step {
  return { tool: 'plan', input: { changes: ids.map((id) => ({ action: 'delete', kind, id })) } }
}
