// The `gateward` command. Each command is one function that takes its arguments and resolves to the exit code; an error that the person can put
// right is one line on standard error.
import { ListenError } from '../lib/listen-error.ts'
import { nearest } from '../lib/nearest.ts'
import { describeFileError } from '../lib/system-error.ts'
import { plainLines } from '../lib/text.ts'
import { version } from '../lib/version.ts'
import { OperationError } from '../operations/contract.ts'
import { SettingsError } from '../settings/load.ts'
import { StoreError } from '../store/contract.ts'
import { OPERATION_COMMANDS } from './commands.ts'
import { CliError } from './error.ts'
import { CHAT_FLAGS, commonFlagsOf, EXPORT_FLAGS, IMPORT_FLAGS, JSON_FLAG } from './flags.ts'
import { type Described, helpOf, overview } from './help.ts'

interface Command extends Described {
  run(argv: string[]): Promise<number>
}

/** Exit codes of a program whose reader has gone, and of one that Ctrl-C has stopped, as a shell gives them. */
const READER_GONE = 141
const INTERRUPTED = 130

const COMMANDS: Record<string, Command> = {
  start: {
    summary: 'run the gateway with its Admin API and its surfaces; --demo adds the sample API',
    flags: { demo: { type: 'switch', about: 'with the sample API of a conference' } },
    settings: true,
    run: async (argv) => (await import('./start.ts')).start(argv),
  },
  chat: {
    summary: 'talk to the gateway in this terminal; --json for scripts',
    words: '[SENTENCE]',
    flags: CHAT_FLAGS,
    run: async (argv) => (await import('./chat.ts')).chat(argv),
  },
  status: {
    summary: 'tell what answers, what fails and what waits for you; exit code 1 when something is wrong',
    flags: JSON_FLAG,
    run: async (argv) => (await import('./status.ts')).status(argv),
  },
  mcp: {
    summary: 'serve MCP on standard input and output, for Claude, Cursor, VS Code and others',
    run: async (argv) => (await import('./mcp.ts')).mcp(argv),
  },
  ...Object.fromEntries(
    Object.entries(OPERATION_COMMANDS).map(([name, { summary, words, flags }]): [string, Command] => [
      name,
      {
        summary,
        words,
        flags: { ...flags, ...commonFlagsOf(name) },
        run: async (argv) => (await import('./operate.ts')).operate(name, argv),
      },
    ]),
  ),
  export: {
    summary: 'write the configuration as APISIX standalone YAML, JSON or ADC: gateward export apisix.yaml',
    words: '[FILE]',
    flags: EXPORT_FLAGS,
    run: async (argv) => (await import('./export.ts')).exportCommand(argv),
  },
  import: {
    summary: 'write a file that export wrote to a gateway, through a plan: gateward import apisix.yaml',
    words: 'FILE',
    flags: IMPORT_FLAGS,
    run: async (argv) => (await import('./import.ts')).importCommand(argv),
  },
  demo: { summary: 'play the whole story by itself and print it', run: async () => (await import('./demo.ts')).demo() },
  open: {
    summary: 'print a one-time address that makes the browser yours',
    flags: JSON_FLAG,
    run: async (argv) => (await import('./owner.ts')).open(argv),
  },
  approve: {
    summary: 'approve a plan that waits: gateward approve PLAN',
    words: 'PLAN',
    run: async (argv) => (await import('./owner.ts')).approve(argv),
  },
  reveal: {
    summary: 'show new secrets that nobody has seen yet, once',
    flags: JSON_FLAG,
    run: async (argv) => (await import('./owner.ts')).reveal(argv),
  },
  audit: {
    summary: 'check the chain of the audit log',
    flags: JSON_FLAG,
    run: async (argv) => (await import('./owner.ts')).audit(argv),
  },
}

export async function main(argv: string[]): Promise<number> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // `gateward look | head`: nobody reads on, and nothing is wrong.
    if (error.code === 'EPIPE') process.exit(READER_GONE)
    throw error
  })
  const [name = 'help', ...rest] = argv
  if (['--version', '-v', 'version'].includes(name)) {
    console.log(version())
    return 0
  }
  if (['help', '--help', '-h'].includes(name)) return help(rest[0])
  const command = commandOf(name)
  if (!command) return unknown(name)
  if (wantsHelp(rest)) return help(name)
  try {
    return await command.run(rest)
  } catch (error) {
    return report(error)
  }
}

function commandOf(name: string): Command | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}

/** `--help` among the flags; what stands behind a sentence's first word may be part of it. */
function wantsHelp([first, ...rest]: string[]): boolean {
  return first === '-h' || first === '--help' || rest.includes('--help')
}

function help(name: string | undefined): number {
  if (name === undefined) console.log(overview(COMMANDS))
  else {
    const command = commandOf(name)
    if (!command) return unknown(name)
    console.log(helpOf(name, command))
  }
  return 0
}

function unknown(name: string): number {
  const meant = nearest(name, Object.keys(COMMANDS))
  const advice = meant ? `did you mean ${meant}?` : '`gateward help` lists them'
  console.error(`gateward: there is no command ${JSON.stringify(name)}; ${advice}`)
  return 2
}

function report(error: unknown): number {
  if (error instanceof DOMException && error.name === 'AbortError') return INTERRUPTED
  if (error instanceof SettingsError) {
    for (const problem of error.problems) console.error(`gateward: ${problem}`)
    return 2
  }
  const expected =
    [CliError, StoreError, OperationError, ListenError].some((one) => error instanceof one) || isSystemError(error)
  if (!expected && !(error instanceof Error && error.constructor === Error)) throw error
  const { message } = error as Error
  console.error(`gateward: ${plainLines(describeFileError(error as NodeJS.ErrnoException) ?? message)}`)
  return error instanceof CliError ? error.exitCode : 1
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}
