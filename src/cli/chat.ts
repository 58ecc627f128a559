// `gateward chat`: talk to the gateway from a terminal or a pipe. `--json` prints one object a line for scripts, and approvals are lines too.

import { userInfo } from 'node:os'
import type { OperationContext } from '../operations/contract.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { Conversation } from '../surfaces/chat/agent.ts'
import { HELP } from '../surfaces/chat/interpreter.ts'
import { ModelChoice } from '../surfaces/chat/model-choice.ts'
import { type FlagSpec, takeArguments } from './arguments.ts'
import { CliError } from './error.ts'
import { existingAdminKey, terminalContext } from './operator.ts'
import { talk } from './talk.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const FLAGS: Record<string, FlagSpec> = { json: { type: 'switch', about: 'one JSON object a line, for scripts' } }

/** Commands that stand for a sentence. */
const SENTENCES: Record<string, string> = { '/undo': 'Undo', '/history': 'Show the history' }

export async function chat(argv: string[]): Promise<number> {
  const { flags, words, rest } = takeArguments(argv, FLAGS)
  if (words.length)
    throw new CliError(`chat reads sentences from its input, found the word ${JSON.stringify(words[0])}`, 2)
  const { settings } = loadSettings({ argv: rest, env: process.env, cwd: process.cwd() })
  const json = flags.json === true
  const terminal = openTerminal({ input: process.stdin, output: process.stdout, silent: json })
  const ctx = await connect(settings, terminal, json)
  const model = new ModelChoice(settings.model, process.env, settings.data_dir)
  const conversation = new Conversation(await model.open())
  const { provider } = model.shown()
  const speaker = provider === 'builtin' ? 'built-in interpreter' : provider
  try {
    if (!json) terminal.print(terminal.paint('dim', `Talking to the gateway with the ${speaker}. /help, /quit.`))
    for (;;) {
      const sentence = (await terminal.ask('> '))?.trim()
      if (sentence === undefined || sentence === '/quit' || sentence === '/exit') return 0
      if (sentence === '') continue
      if (sentence === '/help') say(HELP)
      else if (sentence === '/targets') say(ctx.targets.names().join('\n'))
      else await talk(SENTENCES[sentence] ?? sentence, conversation, ctx, terminal, json)
    }
  } finally {
    ctx.ledger.close()
    terminal.close()
  }

  function say(text: string): void {
    terminal.print(json ? JSON.stringify({ type: 'text', text }) : text)
  }
}

/** A context whose first target answers. Throws a CliError when there is none. */
async function connect(
  settings: Settings,
  terminal: Terminal,
  json: boolean,
): Promise<ReturnType<typeof terminalContext>> {
  const key = existingAdminKey(settings)
  if (key === undefined && settings.admin.listen !== 'off')
    throw new CliError(
      `no gateway has been started with the data directory ${settings.data_dir}; run \`npm start\` in another terminal first, or set --data-dir`,
    )
  const ctx = terminalContext(settings, key ?? '', terminal, 'chat')
  const [first] = ctx.targets.names()
  if (first === undefined)
    throw new CliError('there is no gateway to talk to: admin.listen is off and the settings name no targets')
  await ctx.targets.get(first).admin.list('plugin_metadata')
  if (json) Object.assign(ctx, jsonChannels(terminal))
  return ctx
}

/** Approvals and secrets as lines: the question, answered by a line `y`, and what is shown once. */
function jsonChannels(terminal: Terminal): Pick<OperationContext, 'ask' | 'reveal'> {
  const line = (value: object): void => terminal.print(JSON.stringify(value))
  return {
    ask: async (request) => {
      line({ type: 'approval', ...request })
      return (await terminal.ask('')) === 'y' ? userInfo().username : undefined
    },
    reveal: (secrets) => line({ type: 'secrets', secrets }),
  }
}
