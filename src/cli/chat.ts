// `gateward chat [SENTENCE]`: talk to the gateway from a terminal or a pipe. `--json` prints one object a line for scripts, and approvals are lines
// too. On a terminal Ctrl-C stops the turn that runs, a second one leaves. In a pipe the exit code is that of the worst sentence: 0 done, 1 failed,
// 2 not understood, 3 refused or approved by nobody.
import { join } from 'node:path'
import { nearest } from '../lib/nearest.ts'
import type { OperationContext } from '../operations/contract.ts'
import { runOperation } from '../operations/run.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { Conversation } from '../surfaces/chat/agent.ts'
import { HELP } from '../surfaces/chat/examples.ts'
import { ModelChoice } from '../surfaces/chat/model-choice.ts'
import { takeArguments } from './arguments.ts'
import { remoteOperator } from './call.ts'
import { CliError } from './error.ts'
import { CHAT_FLAGS } from './flags.ts'
import { existingAdminKey, neverStarted, PUT_Y, personOf, terminalContext } from './operator.ts'
import { table } from './render.ts'
import { talk } from './talk.ts'
import { openTerminal, type Terminal } from './terminal.ts'

/** Commands that stand for a sentence. */
const SENTENCES: Record<string, string> = {
  '/undo': 'Undo',
  '/history': 'Show the history',
  '/routes': 'Show all routes',
  '/lint': 'What is wrong?',
}
const COMMANDS = [...Object.keys(SENTENCES), '/help', '/targets', '/clear', '/quit']
/** As shells, databases and other chats are left. */
const LEAVE = /^(?:\/(?:quit|exit|bye)|quit|exit|bye|:q)$/i
const INTERRUPTED = 130

export async function chat(argv: string[]): Promise<number> {
  const { flags, words, rest } = takeArguments(argv, CHAT_FLAGS)
  if (words.length && !words.join('').trim()) throw new CliError('say something: gateward chat "show all routes"', 2)
  const { settings } = loadSettings({
    argv: rest,
    env: process.env,
    cwd: process.cwd(),
    flags: Object.keys(CHAT_FLAGS),
  })
  const json = flags.json === true
  const terminal = openTerminal({
    input: process.stdin,
    output: process.stdout,
    silent: json,
    historyFile: join(settings.data_dir, 'chat-history'),
    words: COMMANDS,
  })
  try {
    const ctx = await connect(settings, terminal, json)
    const model = new ModelChoice(settings.model, process.env, settings.data_dir)
    const session = new Session(new Conversation(await model.open(), [], watched(settings)), ctx, terminal, json)
    try {
      if (words.length) return await session.answer(words.join(' ').trim())
      const { provider } = model.shown()
      const speaker = provider === 'builtin' ? 'built-in interpreter' : provider
      if (terminal.interactive)
        terminal.print(terminal.paint('dim', `Talking to the gateway with the ${speaker}. /help, /quit.`))
      return await session.run()
    } finally {
      ctx.close()
    }
  } finally {
    terminal.close()
  }
}

/** What is known over time: the Gateward that runs has watched, this process has only just begun to look. */
const WATCHED: ReadonlySet<string> = new Set(['traffic', 'lint'])

/** Runs operations here, but for those. Where that Gateward does not answer, or is another's, this process tells what it can, or what is wrong. */
function watched(settings: Settings): typeof runOperation {
  const there = remoteOperator(settings, 'cli')
  return async (operation, input, ctx) => {
    if (!WATCHED.has(operation.name)) return runOperation(operation, input, ctx)
    const { caller, progress, signal } = ctx
    try {
      return await there.run(operation.name, input, { subject: caller.subject, ask: undefined, progress, signal })
    } catch {
      signal.throwIfAborted()
      return runOperation(operation, input, ctx)
    }
  }
}

class Session {
  readonly #conversation: Conversation
  readonly #ctx: OperationContext
  readonly #terminal: Terminal
  readonly #json: boolean

  constructor(conversation: Conversation, ctx: OperationContext, terminal: Terminal, json: boolean) {
    this.#conversation = conversation
    this.#ctx = ctx
    this.#terminal = terminal
    this.#json = json
  }

  /** Reads sentences until the end. Resolves to the exit code. */
  async run(): Promise<number> {
    let worst = 0
    for (;;) {
      const sentence = (await this.#terminal.read('> '))?.trim()
      if (sentence === undefined || LEAVE.test(sentence)) break
      if (sentence !== '') worst = Math.max(worst, await this.answer(sentence))
    }
    return this.#terminal.interactive ? 0 : worst
  }

  /** One turn, which Ctrl-C stops. Resolves to its exit code. */
  async #say(sentence: string): Promise<number> {
    const stop = new AbortController()
    this.#terminal.onInterrupt = () => {
      if (stop.signal.aborted) process.exit(INTERRUPTED)
      stop.abort()
      this.#terminal.print(this.#terminal.paint('dim', 'stopping; Ctrl-C again leaves'))
    }
    const ctx: OperationContext = { ...this.#ctx, signal: stop.signal }
    const code = await talk(sentence, this.#conversation, ctx, this.#terminal, this.#json)
    this.#terminal.onInterrupt = undefined
    return code
  }

  /** A sentence or a command. Resolves to its exit code. */
  async answer(said: string): Promise<number> {
    if (!/^\/[a-z]+$/.test(said)) return this.#say(said)
    const sentence = SENTENCES[said]
    if (sentence) return this.#say(sentence)
    if (said === '/help') this.#tell(`${HELP}\nCommands: ${COMMANDS.join(' ')}`)
    else if (said === '/targets') this.#tell(this.#targets())
    else if (said === '/clear') {
      if (this.#terminal.interactive) this.#terminal.write('\u001b[2J\u001b[H')
    } else {
      const meant = nearest(said, COMMANDS)
      this.#tell(`there is no command ${said}${meant ? `; did you mean ${meant}?` : `: ${COMMANDS.join(' ')}`}`)
      return 2
    }
    return 0
  }

  #targets(): string {
    const { targets, caller } = this.#ctx
    if (this.#json) return targets.names().join('\n')
    const rows = targets.names().map((name) => {
      const target = targets.get(name)
      return [name, target.adminUrl, targets.policy(target, caller.surface)]
    })
    return table(['target', 'Admin API', 'approval'], rows, this.#terminal.columns)
  }

  #tell(text: string): void {
    if (this.#json) this.#terminal.print(JSON.stringify({ type: 'text', text }))
    else this.#terminal.flow(`${text}\n`)
  }
}

/** A context whose first target answers. Throws a CliError when there is none. */
async function connect(
  settings: Settings,
  terminal: Terminal,
  json: boolean,
): Promise<ReturnType<typeof terminalContext>> {
  const key = existingAdminKey(settings)
  if (key === undefined && settings.admin.listen !== 'off') throw neverStarted(settings)
  const ctx = terminalContext(settings, key ?? '', terminal, 'chat')
  const [first] = ctx.targets.names()
  if (first === undefined)
    throw new CliError('there is no gateway to talk to: admin.listen is off and the settings name no targets')
  await ctx.targets.get(first).admin.list('plugin_metadata')
  if (terminal.interactive)
    for (const { keyTrouble } of ctx.targets.names().map((name) => ctx.targets.get(name)))
      if (keyTrouble !== undefined) terminal.print(terminal.paint('yellow', keyTrouble))
  if (json) Object.assign(ctx, jsonChannels(terminal))
  return ctx
}

/** Approvals and secrets as lines: the question, answered by a line `y`, and what is shown once. */
function jsonChannels(terminal: Terminal): Pick<OperationContext, 'ask' | 'reveal'> {
  const line = (value: object): void => terminal.print(JSON.stringify(value))
  return {
    ask: async (request) => {
      line({ type: 'approval', ...request, answer: 'the next line of the input: y applies the plan, all else rejects' })
      return personOf(await terminal.ask(''), terminal, PUT_Y)
    },
    reveal: (secrets) => line({ type: 'secrets', secrets }),
  }
}
