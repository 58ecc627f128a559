// The `gateward` command. Each command is one function that takes its arguments and resolves to the exit code; an error that the person can put
// right is one line on standard error.
import { plainLines } from '../lib/text.ts'
import { version } from '../lib/version.ts'
import { OperationError } from '../operations/contract.ts'
import { SettingsError } from '../settings/load.ts'
import { StoreError } from '../store/contract.ts'
import { OPERATION_COMMANDS } from './commands.ts'
import { CliError } from './error.ts'

interface Command {
  summary: string
  run(argv: string[]): Promise<number>
}

const COMMANDS: Record<string, Command> = {
  start: {
    summary: 'run the gateway with its Admin API and its surfaces; --demo adds the sample API',
    run: async (argv) => (await import('./start.ts')).start(argv),
  },
  chat: {
    summary: 'talk to the gateway in this terminal; --json for scripts',
    run: async (argv) => (await import('./chat.ts')).chat(argv),
  },
  mcp: {
    summary: 'serve MCP on standard input and output, for Claude, Cursor, VS Code and others',
    run: async (argv) => (await import('./mcp.ts')).mcp(argv),
  },
  ...Object.fromEntries(
    Object.entries(OPERATION_COMMANDS).map(([name, { summary }]): [string, Command] => [
      name,
      { summary, run: async (argv) => (await import('./operate.ts')).operate(name, argv) },
    ]),
  ),
  export: {
    summary: 'write the configuration as APISIX standalone YAML, JSON or ADC: gateward export apisix.yaml',
    run: async (argv) => (await import('./export.ts')).exportCommand(argv),
  },
  import: {
    summary: 'write a file of that form to a gateway, through a plan: gateward import apisix.yaml',
    run: async (argv) => (await import('./import.ts')).importCommand(argv),
  },
  demo: { summary: 'play the whole story by itself and print it', run: async () => (await import('./demo.ts')).demo() },
  open: {
    summary: 'print a one-time address that makes the browser yours',
    run: async (argv) => (await import('./owner.ts')).open(argv),
  },
  approve: {
    summary: 'approve a plan that waits: gateward approve PLAN',
    run: async (argv) => (await import('./owner.ts')).approve(argv),
  },
  reveal: {
    summary: 'show new secrets that nobody has seen yet, once',
    run: async (argv) => (await import('./owner.ts')).reveal(argv),
  },
  audit: { summary: 'check the chain of the audit log', run: async (argv) => (await import('./owner.ts')).audit(argv) },
}

export async function main(argv: string[]): Promise<number> {
  const [name = 'help', ...rest] = argv
  if (name === '--version' || name === 'version') {
    console.log(version())
    return 0
  }
  if (name === 'help' || name === '--help' || name === '-h') {
    console.log(help())
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    console.error(`gateward: there is no command ${JSON.stringify(name)}\n\n${help()}`)
    return 2
  }
  try {
    return await command.run(rest)
  } catch (error) {
    return report(error)
  }
}

function report(error: unknown): number {
  if (error instanceof SettingsError) {
    for (const problem of error.problems) console.error(`gateward: ${problem}`)
    return 2
  }
  const expected =
    error instanceof CliError || error instanceof StoreError || error instanceof OperationError || isSystemError(error)
  if (!expected && !(error instanceof Error && error.constructor === Error)) throw error
  console.error(`gateward: ${plainLines((error as Error).message)}`)
  return error instanceof CliError ? error.exitCode : 1
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length))
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return [
    'gateward: run your API gateway by talking to it',
    '',
    ...commands,
    '',
    'Settings: gateward.yaml, GATEWARD_* in the environment, --flags; see docs/settings.md.',
  ].join('\n')
}
