// What the interpreter reads from a conversation: the sentence to act on, what tools answered, and which routes it was about.
import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import { answered } from './asking.ts'
import { givenToChats } from './follow-up.ts'
import { MAX_SENTENCE_CHARS } from './sentences/index.ts'

export interface ToolResult {
  tool: string
  value: Record<string, unknown>
}

/** The last sentence; with the one before it, when it answers what was asked. */
export function withAnswer(prompt: LanguageModelV4Prompt): string {
  const said = lastSentence(prompt)
  const before = prompt.slice(
    0,
    prompt.findLastIndex((one) => one.role === 'user'),
  )
  const asked = before.at(-1)
  if (asked?.role !== 'assistant') return said
  const text = asked.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return answered(lastSentence(before), text, said) ?? said
}

function lastSentence(prompt: LanguageModelV4Prompt): string {
  const message = prompt.findLast((one) => one.role === 'user')
  if (message?.role !== 'user') return ''
  const said = message.content.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
  return said.slice(0, MAX_SENTENCE_CHARS + 1) // what is too long is not understood
}

/** Tool results after the last sentence. */
export function resultsSince(prompt: LanguageModelV4Prompt): ToolResult[] {
  const from = prompt.findLastIndex((one) => one.role === 'user')
  return prompt.slice(from + 1).flatMap(toResults)
}

/** The conversation as it was when so many tools had answered to the last sentence. */
export function until(prompt: LanguageModelV4Prompt, seen: number): LanguageModelV4Prompt {
  const from = prompt.findLastIndex((one) => one.role === 'user')
  let answered = 0
  for (let at = from + 1; at < prompt.length; at++) {
    if (answered >= seen) return prompt.slice(0, at)
    answered += toResults(prompt[at] as LanguageModelV4Prompt[number]).length
  }
  return prompt
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

/** The tool that was called last before this sentence. */
export function lastTool(prompt: LanguageModelV4Prompt): string | undefined {
  const before = prompt.slice(
    0,
    prompt.findLastIndex((one) => one.role === 'user'),
  )
  return before.flatMap(toResults).at(-1)?.tool
}

/** The route that the conversation was about last: the one in the latest plan, or one that was looked at. */
export function lastRoute(prompt: LanguageModelV4Prompt): string | undefined {
  return lastRoutes(prompt)[0]
}

/** All of the latest plan, with the one that it gave to chats. */
export function lastRoutes(prompt: LanguageModelV4Prompt): string[] {
  for (const result of prompt.flatMap(toResults).reverse()) {
    const { diff, kind, id } = result.value
    const planned = typeof diff === 'string' ? [...diff.matchAll(/^[+~] \w+ routes\/([\w.-]+)$/gm)] : []
    if (planned.length) return [...new Set([...planned.map((one) => one[1] as string), ...givenToChats(prompt)])]
    if (result.tool === 'look' && kind === 'routes' && typeof id === 'string') return [id]
  }
  return []
}

/** The consumer that the conversation was about last: one in the latest plan, or one that was looked at. */
export function lastConsumer(prompt: LanguageModelV4Prompt): string | undefined {
  for (const { tool, value } of prompt.flatMap(toResults).reverse()) {
    const { diff, kind, id } = value
    const planned = typeof diff === 'string' ? /^[+~] \w+ consumers\/([\w.-]+)$/m.exec(diff)?.[1] : undefined
    if (planned !== undefined) return planned
    if (tool === 'look' && kind === 'consumers' && typeof id === 'string') return id
  }
  return undefined
}
