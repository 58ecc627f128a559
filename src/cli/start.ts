// `gateward start`: the whole system in one process, until SIGTERM or Ctrl-C.
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { type Gateward, startGateward } from '../app.ts'
import { counted } from '../lib/counted.ts'
import { ListenError } from '../lib/listen-error.ts'
import { startDemo, USUAL_PORT } from '../lib/sample-api.ts'
import { FIELDS } from '../settings/fields.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { CliError } from './error.ts'

export async function start(argv: string[]): Promise<number> {
  const demo = argv.includes('--demo')
  const { settings } = loadSettings({
    argv: argv.filter((one) => one !== '--demo'),
    env: process.env,
    cwd: process.cwd(),
    flags: ['demo'],
  })
  const gateward = await startGateward(settings).catch((error) => {
    throw explain(error, settings)
  })
  const api = demo ? await startDemo() : undefined
  const stopped = untilStopped()
  console.log(greeting(gateward, settings, api?.port))
  const signal = await stopped
  if (signal === 'SIGINT')
    console.log(
      `\nStopping; requests under way have ${settings.gateway.drain_seconds} s to finish. Ctrl-C again leaves at once.`,
    )
  await api?.close()
  await gateward.close()
  return 0
}

function greeting(gateward: Gateward, settings: Settings, demoPort: number | undefined): string {
  const api = demoPort === undefined ? 'http://127.0.0.1:8080' : `http://127.0.0.1:${demoPort}`
  const path = demoPort === undefined ? '/orders/*' : '/speaker/*'
  const trouble = gateward.storeTrouble()
  const served = [
    ...gateward.gateway.map((one) => `http://${one}`),
    ...gateward.gatewayTls.map((one) => `https://${one}`),
  ]
  const lines = [
    `Gateward serves ${served.join(', ')} with ${counted(settings.threads, 'thread')}`,
    ...(gateward.admin
      ? [
          `  Admin API   ${settings.admin.tls.cert_file ? 'https' : 'http'}://${gateward.admin}/apisix/admin, key in ${settings.admin.key ? 'the settings' : join(settings.data_dir, 'admin.key')}`,
        ]
      : []),
    ...(gateward.surface ? [`  Browser     ${gateward.ownerUrl()}`] : []),
    ...(trouble === undefined
      ? []
      : [`  Store       away, the last configuration is served, writes are refused: ${trouble}`]),
    ...(demoPort === undefined
      ? []
      : [
          `  Sample API  ${api} (/speakers, /sessions, /topics)${demoPort === USUAL_PORT ? '' : `; port ${USUAL_PORT} is taken`}`,
        ]),
    '',
    `Talk to it: npm run chat${gateward.surface ? ' (or the browser)' : ''}, for example`,
    '  Show all routes',
    `  Create a route for ${path} to ${api}`,
    '  Require an API key on it and allow 5 requests a minute',
  ]
  return lines.join('\n')
}

/** A port that cannot be opened, with the setting that names it. */
function explain(error: unknown, settings: Settings): unknown {
  if (!(error instanceof ListenError)) return error
  const { address, message, taken } = error
  const field = FIELDS.find(({ path }) => address !== undefined && [valueAt(settings, path)].flat().includes(address))
  if (!field) return new CliError(message)
  return new CliError(
    `${message}; ${taken ? 'stop that, or ' : ''}choose another ${field.path.join('.')} (${field.flag}, ${field.variable})`,
  )
}

function valueAt(settings: Settings, path: string[]): unknown {
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], settings)
}

function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(signal))
    // A service reads its files again; whose window was closed has nobody left who could stop it.
    if (process.stdin.isTTY) process.on('SIGHUP', () => isTerminalGone() && resolve('SIGHUP'))
  })
}

function isTerminalGone(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return false
  } catch {
    return true
  }
}
