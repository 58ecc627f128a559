// `gateward look|explain|traffic|lint|history|plan|promote|apply|confirm|undo`: one operation on the Gateward that runs on this data directory, as a
// table or with --json as it is. A plan that needs a person is put to whoever sits at the terminal.
//
// Exit codes: 0 done; 1 failed, a proof failed, or a finding as serious as --fail-on; 2 asked wrongly; 3 refused, or nobody approved;
// 4 somebody else has changed it; 5 the gateway does not answer.
import { userInfo } from 'node:os'
import { plainLines } from '../lib/text.ts'
import { OperationError } from '../operations/contract.ts'
import { loadSettings } from '../settings/load.ts'
import { type Arguments, takeArguments } from './arguments.ts'
import { remoteOperator } from './call.ts'
import { OPERATION_COMMANDS, type OperationCommand } from './commands.ts'
import { CliError } from './error.ts'
import { commonFlagsOf } from './flags.ts'
import { personOf } from './operator.ts'
import { renderPlan } from './render.ts'
import { renderAnswer } from './tables.ts'
import { openTerminal, type Terminal } from './terminal.ts'

const EXIT_CODES: Record<OperationError['code'], number> = {
  invalid: 2,
  not_found: 2,
  refused: 3,
  conflict: 4,
  unreachable: 5,
  target: 1,
  fault: 1,
}

const SEVERITIES = ['low', 'medium', 'high']

/** Runs the command of an operation. */
export async function operate(name: string, argv: string[]): Promise<number> {
  const command = OPERATION_COMMANDS[name] as OperationCommand
  const known = { ...command.flags, ...commonFlagsOf(name) }
  const given = takeArguments(argv, known)
  const { json, target, 'fail-on': failOn, ...flags } = given.flags
  if (failOn !== undefined && !SEVERITIES.includes(String(failOn)))
    throw new CliError('--fail-on is high, medium or low', 2)
  const { settings } = loadSettings({
    argv: given.rest,
    env: process.env,
    cwd: process.cwd(),
    flags: Object.keys(known),
  })
  const input = defined({ ...command.toInput({ ...given, flags }), target })
  // Questions go to standard error when the answer is JSON, so that a pipe gets nothing else.
  const terminal = openTerminal({ input: process.stdin, output: json ? process.stderr : process.stdout })
  const answer = await run(name, input, given, terminal, settings).finally(() => terminal.close())
  if (typeof answer === 'number') return answer
  console.log(json ? JSON.stringify(answer, undefined, 2) : renderAnswer(name, answer, terminal))
  return exitCode(name, answer, failOn)
}

async function run(
  name: string,
  input: Record<string, unknown>,
  { flags }: Arguments,
  terminal: Terminal,
  settings: ReturnType<typeof loadSettings>['settings'],
): Promise<Record<string, unknown> | number> {
  const stopped = new AbortController()
  process.once('SIGINT', () => stopped.abort())
  try {
    return await remoteOperator(settings, 'cli').run(name, input, {
      subject: userInfo().username,
      ask: async (request) => {
        terminal.print(renderPlan(request, terminal))
        return personOf(
          await terminal.ask('Apply? [y/N] '),
          terminal,
          `the plan waits: gateward approve ${request.planId}`,
        )
      },
      progress: (message) => terminal.status(message),
      signal: stopped.signal,
    })
  } catch (error) {
    if (!(error instanceof OperationError)) throw error
    if (flags.json) console.log(JSON.stringify({ error: error.message, code: error.code, details: error.details }))
    else
      console.error(
        plainLines(
          [`gateward: ${error.message}`, ...error.details.filter((one) => !error.message.includes(one))].join('\n  '),
        ),
      )
    return EXIT_CODES[error.code]
  }
}

function defined(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined))
}

function exitCode(name: string, answer: Record<string, unknown>, failOn: unknown): number {
  if (name === 'lint' && failOn !== undefined) {
    const found = (answer.findings as { severity: string }[]).map((one) => SEVERITIES.indexOf(one.severity))
    return found.some((one) => one >= SEVERITIES.indexOf(String(failOn))) ? 1 : 0
  }
  const proof = (answer.proof ?? []) as ({ ok?: boolean } | string)[]
  return proof.some((line) => typeof line === 'object' && line.ok === false) ? 1 : 0
}
