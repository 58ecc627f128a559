// `gateward mcp`: MCP on standard input and output, both eras, for a client that starts it. It speaks for the owner, whose files it can read;
// operations run in the Gateward that is running, so that its page and `gateward approve` see the plans. The log goes to standard error.
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { version } from '../lib/version.ts'
import { OperationError } from '../operations/contract.ts'
import { operations } from '../operations/index.ts'
import { loadSettings } from '../settings/load.ts'
import { createMcpFactory } from '../surfaces/mcp/server.ts'
import type { Operator } from '../surfaces/operator.ts'
import { remoteOperator } from './call.ts'
import { CliError } from './error.ts'

export async function mcp(argv: string[]): Promise<number> {
  const { settings } = loadSettings({ argv, env: process.env, cwd: process.cwd() })
  if (settings.surface.listen === 'off')
    throw new CliError('surface.listen is off, and MCP goes through it; set it to an address such as 127.0.0.1:5000')
  const ended = new Promise<void>((resolve) => {
    process.stdin.once('end', () => resolve())
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const factory = createMcpFactory({ operations, operator: forModel(remoteOperator(settings)), version: version() })
  const handle = serveStdio(factory, { onerror: (error) => console.error(`gateward mcp: ${error.message}`) })
  await ended
  await handle.close()
  return 0
}

/** A Gateward that is not running is something that the model can tell its person. */
function forModel(operator: Operator): Operator {
  return {
    run: (name, input, call) =>
      operator.run(name, input, call).catch((error: unknown) => {
        throw error instanceof CliError ? new OperationError('unreachable', error.message) : error
      }),
  }
}
