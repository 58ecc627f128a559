// What the command line needs to operate gateways: the targets of the settings, the ledger of the data directory, a person at the terminal.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { Approvals } from '../operations/approval.ts'
import { Confirmations } from '../operations/confirmations.ts'
import { type OperationContext, OperationError, type Surface } from '../operations/contract.ts'
import { Ledger } from '../operations/ledger.ts'
import { createFetch } from '../operations/openapi/fetch.ts'
import type { Settings } from '../settings/schema.ts'
import { toTargets } from '../surfaces/targets.ts'
import { CliError } from './error.ts'
import { keepFaultIn } from './fault-file.ts'
import { renderPlan } from './render.ts'
import type { Terminal } from './terminal.ts'

/** The admin key of the gateway in this data directory, undefined when none has been started there. */
export function existingAdminKey(settings: Settings): string | undefined {
  if (settings.admin.key) return settings.admin.key
  try {
    return readFileSync(join(settings.data_dir, 'admin.key'), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Nothing in the data directory says that a gateway has ever run on it. */
export function neverStarted(settings: Settings, exitCode = 1): CliError {
  return new CliError(
    `no gateway has been started with the data directory ${settings.data_dir}; run \`npm start\` in another terminal first, or name the directory with --data-dir`,
    exitCode,
  )
}

/** What to do in a pipe, where a plan ends with the process that made it. */
export const PUT_Y =
  'put the line y after the sentence, or make a plan that waits: gateward plan "SENTENCE", then gateward approve PLAN'

/**
 * Who approves by this line: the person at the terminal by `y`, nobody by all else. Throws `refused` with `advice` when a pipe ended before the
 * answer: nobody has said no.
 */
export function personOf(answer: string | undefined, terminal: Terminal, advice: string): string | undefined {
  if (answer === undefined && !terminal.interactive)
    throw new OperationError('refused', `the input ended before an answer and nothing was written; ${advice}`)
  return answer === 'y' ? userInfo().username : undefined
}

/** `close` ends what goes on beside the conversation. */
export type TerminalContext = OperationContext & { close(): void }

/** A context in which the person at the terminal approves: the line `y` in answer to the question, nothing else. */
export function terminalContext(
  settings: Settings,
  key: string,
  terminal: Terminal,
  surface: Surface,
): TerminalContext {
  const targets = toTargets(settings, () => key, process.env)
  const ledger = new Ledger(settings.data_dir)
  const confirmations = new Confirmations(ledger, targets)
  const stopWatching = confirmations.watch((error) => {
    const text = `a change on trial could not be taken back: ${error.message}`
    // What reads the output of a pipe waits for answers, as JSON perhaps.
    if (terminal.interactive) terminal.print(terminal.paint('red', text))
    else process.stderr.write(`${text}\n`)
  })
  return {
    targets,
    ledger,
    confirmations,
    approvals: new Approvals(settings.approvals.expire_seconds * 1000),
    fetchDocument: createFetch(settings.openapi.fetch_networks),
    caller: { surface, subject: userInfo().username },
    ask: async (request) => {
      terminal.print(renderPlan(request, terminal))
      return personOf(await terminal.ask('Apply? [y/N] '), terminal, PUT_Y)
    },
    reveal: (secrets) => {
      for (const { label, value } of secrets) terminal.print(`  ${label}, shown once: ${terminal.paint('bold', value)}`)
    },
    progress: (message) => terminal.status(message),
    signal: new AbortController().signal,
    now: Date.now,
    keepFault: (error) => keepFaultIn(join(settings.data_dir, 'faults.log'), error),
    close: () => {
      stopWatching()
      ledger.close()
    },
  }
}
