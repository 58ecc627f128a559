// The conversation in a terminal: one sentence, its results, its answer.
import type { OperationContext } from '../operations/contract.ts'
import type { Conversation } from '../surfaces/chat/agent.ts'
import { renderResult } from './render.ts'
import { renderAnswer } from './tables.ts'
import type { Terminal } from './terminal.ts'

/** Runs one turn and prints what happens; `json`: each event as a line. */
export async function talk(
  sentence: string,
  conversation: Conversation,
  ctx: OperationContext,
  terminal: Terminal,
  json: boolean,
): Promise<void> {
  let text = ''
  const flush = (): void => {
    if (text.trim()) terminal.print(text.trim())
    text = ''
  }
  for await (const event of conversation.say(sentence, ctx)) {
    if (json) {
      terminal.print(JSON.stringify(event))
      continue
    }
    if (event.type === 'text') {
      text += event.text
      continue
    }
    flush()
    if (event.type === 'error') terminal.print(terminal.paint('red', `error: ${event.message}`))
    if (event.type === 'result' && event.value.error === undefined) {
      const render = event.name === 'lint' || event.name === 'traffic' ? renderAnswer : renderResult
      const shown = render(event.name, event.value, terminal)
      if (shown) terminal.print(shown)
    }
  }
}
