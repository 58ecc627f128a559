// `gateward chat`: talk to the gateway from a terminal or a pipe.

import { loadSettings } from '../settings/load.ts'
import { Conversation } from '../surfaces/chat/agent.ts'
import { HELP } from '../surfaces/chat/interpreter.ts'
import { openModel } from '../surfaces/chat/models.ts'
import { CliError } from './error.ts'
import { existingAdminKey, terminalContext } from './operator.ts'
import { talk } from './talk.ts'
import { openTerminal } from './terminal.ts'

export async function chat(argv: string[]): Promise<number> {
  const { settings } = loadSettings({ argv, env: process.env, cwd: process.cwd() })
  const key = existingAdminKey(settings)
  if (key === undefined)
    throw new CliError(
      `no gateway has been started with the data directory ${settings.data_dir}; run \`npm start\` in another terminal first, or set --data-dir`,
    )
  const terminal = openTerminal({ input: process.stdin, output: process.stdout })
  const ctx = terminalContext(settings, key, terminal, 'chat')
  const conversation = new Conversation(await openModel(settings.model, process.env))
  try {
    const { admin } = ctx.targets.get('embedded')
    await admin.list('plugin_metadata')
    terminal.print(
      terminal.paint(
        'dim',
        `Talking to the gateway with the ${settings.model.provider === 'builtin' ? 'built-in interpreter' : settings.model.provider}. /help, /quit.`,
      ),
    )
    for (;;) {
      const line = await terminal.ask('> ')
      const sentence = line?.trim()
      if (sentence === undefined || sentence === '/quit' || sentence === '/exit') return 0
      if (sentence === '') continue
      if (sentence === '/help') terminal.print(HELP)
      else if (sentence === '/targets') terminal.print(ctx.targets.names().join('\n'))
      else await talk(sentence === '/undo' ? 'Undo' : sentence, conversation, ctx, terminal)
    }
  } finally {
    ctx.ledger.close()
    terminal.close()
  }
}
