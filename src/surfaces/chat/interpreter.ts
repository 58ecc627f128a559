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
import { ASIDE, UNCLEAR } from './agent.ts'
import { questionAbout } from './asking.ts'
import { GREETED, HELP, nearestExamples } from './examples.ts'
import { onlyFor, repeated, withNumber } from './follow-up.ts'
import type { Named } from './names.ts'
import { deleteStep, planStep } from './plan-step.ts'
import { relativeStep, relativeTold } from './relative.ts'
import { lastConsumer, lastRoute, lastTool, resultsSince, type ToolResult, until, withAnswer } from './said-before.ts'
import type { Command } from './sentences/command.ts'
import { MAX_SENTENCE_CHARS, parseSentence, plainly } from './sentences/index.ts'
import { unknownWords } from './sentences/vocabulary.ts'
import { type StepFor, understoodStep } from './understood.ts'
import type { Row } from './which-route.ts'
import { answeredNow, describeResult, rowsLacking } from './wording.ts'

/** What the interpreter does next: call a tool, or end the turn with what it says: an answer, or what it did not understand. */
export type Step =
  /** `aside`: only to understand what was said. */
  | { tool: string; input: object; aside?: true }
  /** `missing`: what was named is not there. */
  | { say: string; missing?: true }
  | { unclear: string }

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
    const toolCallId = `${step.aside ? ASIDE : 'call-'}${Date.now().toString(36)}-${++calls}`
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
  const { sentence, target } = splitTarget(withAnswer(prompt))
  const stepFor: StepFor = (said, results, names, seen) => stepOfSentence(said, until(prompt, seen), results, names)
  if (sentence.length > MAX_SENTENCE_CHARS) return stepFor(sentence, [], [], 0)
  return onTarget(understoodStep(sentence, resultsSince(prompt), stepFor, lastConsumer(until(prompt, 0))), target)
}

function stepOfSentence(
  sentence: string,
  prompt: LanguageModelV4Prompt,
  results: readonly ToolResult[],
  names: readonly Named[],
): Step {
  const last = results.at(-1)
  if (typeof last?.value.error === 'string')
    return elsewhere(sentence, results) ?? { say: last.value.error, ...(isMissing(last) ? { missing: true } : {}) }
  const rows = rowsOf(last) ?? (names.length ? names.filter(({ kind }) => kind === 'routes') : undefined)
  const ids = [...(rows ?? []), ...names].map(({ id }) => id)
  return stepOf(parseSentence(sentence, ids), { sentence: plainly(sentence), prompt, results, last, rows, names })
}

/** A plan about something that is not there has changed nothing: it may be there by another name. */
function isMissing({ tool, value }: ToolResult): boolean {
  return (tool === 'plan' || tool === 'look') && value.code === 'not_found'
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
  results: readonly ToolResult[]
  last: ToolResult | undefined
  /** The routes, once they were looked at. */
  rows: readonly Row[] | undefined
  /** What is there, as far as it was looked at to understand the sentence. */
  names: readonly Named[]
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
  if (command.type === 'create') {
    const { kind, id, set } = command
    return { tool: 'plan', input: { changes: [{ action: 'create', kind, id, set }] } }
  }
  if (command.type === 'where')
    return last
      ? {
          say: `You are talking to target ${String(last.value.target)}. A sentence that ends with "on target NAME" is about another one.`,
        }
      : { tool: 'look', input: { kind: 'routes' }, aside: true }
  if (command.type === 'instead') {
    const intents = withNumber(command, said.prompt, lastRoute(said.prompt))
    if (typeof intents !== 'string') return { tool: 'plan', input: { intents } }
    const { otherwise, number, per } = command
    const route = lastRoute(said.prompt)
    if (otherwise?.type === 'plan') return planStep(otherwise, said)
    return number !== undefined && per !== undefined && route !== undefined && lastTool(said.prompt) === 'look'
      ? { tool: 'plan', input: { intents: [{ do: 'limit', count: number, seconds: per, route }] } }
      : { unclear: intents }
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
