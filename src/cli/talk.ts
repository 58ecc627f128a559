// The conversation in a terminal: one sentence, its results, its answer.

import { plainLines } from '../lib/text.ts'
import type { OperationContext } from '../operations/contract.ts'
import type { ChatEvent, Conversation } from '../surfaces/chat/agent.ts'
import { renderResult } from './render.ts'
import { renderAnswer } from './tables.ts'
import type { Terminal } from './terminal.ts'

/**
 * Runs one turn and prints what happens; `json`: each event as a line. Resolves to an exit code: 0, 1 when it failed, 2 when it was not understood,
 * 3 when it was refused.
 */
export async function talk(
  sentence: string,
  conversation: Conversation,
  ctx: OperationContext,
  terminal: Terminal,
  json: boolean,
): Promise<number> {
  let code = 0
  let text = ''
  if (!json) terminal.status('working')
  for await (const event of conversation.say(sentence, ctx)) {
    if (event.type === 'error') code = 1
    // A model may put right what failed: the last result counts.
    if (event.type === 'result') code = toCode(event.value)
    if (event.type === 'end' && event.unclear) code = 2
    if (json) {
      terminal.print(JSON.stringify(event))
    } else if (event.type === 'text') {
      const said = plainLines(event.text)
      const shown = text ? said : said.trimStart()
      text += shown
      terminal.flow(shown)
    } else {
      if (text && !text.endsWith('\n')) terminal.flow('\n')
      text = ''
      show(event, terminal)
    }
  }
  return code
}

function show(event: Exclude<ChatEvent, { type: 'text' }>, terminal: Terminal): void {
  if (event.type === 'error') terminal.print(terminal.paint('red', `error: ${plainLines(event.message)}`))
  if (event.type === 'tool') terminal.status(event.name.replaceAll('_', ' '))
  if (event.type !== 'result' || event.value.error !== undefined) return
  const render = event.name === 'lint' || event.name === 'traffic' ? renderAnswer : renderResult
  const shown = render(event.name, event.value, terminal)
  if (shown) terminal.print(shown)
}

function toCode(value: Record<string, unknown>): number {
  if (value.error === undefined) return 0
  return value.code === 'refused' ? 3 : 1
}
