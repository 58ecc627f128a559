// `gateward demo`: the whole story by itself, as a transcript. Everything is real (the gateway, the sample API, the requests) but runs on free
// ports and a directory of its own; approvals are given on the person's behalf, and said so.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startGateward } from '../app.ts'
import { startConferenceApi } from '../lib/sample-api.ts'
import type { Secret } from '../operations/contract.ts'
import { loadAdminKeys } from '../settings/keys.ts'
import { loadSettings } from '../settings/load.ts'
import { Conversation } from '../surfaces/chat/agent.ts'
import { createInterpreter } from '../surfaces/chat/interpreter.ts'
import { terminalContext } from './operator.ts'
import { talk } from './talk.ts'
import type { Terminal } from './terminal.ts'

const OFF = ['--control-listen', 'off', '--surface-listen', 'off', '--status-listen', 'off']

export async function demo(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-demo-'))
  const argv = [
    '--data-dir',
    directory,
    '--threads',
    '2',
    '--gateway-http',
    '127.0.0.1:0',
    '--gateway-https',
    '127.0.0.1:0',
    '--admin-listen',
    '127.0.0.1:0',
    '--metrics-listen',
    '127.0.0.1:0',
    '--log-level',
    'error',
    ...OFF,
  ]
  const { settings } = loadSettings({ argv, env: {}, cwd: directory })
  const api = await startConferenceApi(0)
  const gateward = await startGateward(settings)
  try {
    settings.gateway.http = gateward.gateway
    settings.admin.listen = gateward.admin as string
    settings.metrics.listen = gateward.metrics as string
    return await play(settings, `http://${gateward.gateway[0]}`, api.port)
  } finally {
    await gateward.close()
    await api.close()
    rmSync(directory, { recursive: true })
  }
}

async function play(
  settings: Parameters<typeof terminalContext>[0],
  gateway: string,
  apiPort: number,
): Promise<number> {
  const terminal = scripted()
  const ctx = terminalContext(settings, loadAdminKeys(settings).admin, terminal, 'chat')
  const keys: Secret[] = []
  const { reveal } = ctx
  ctx.reveal = (secrets) => {
    keys.push(...secrets)
    reveal?.(secrets)
  }
  const conversation = new Conversation(createInterpreter())
  const say = async (sentence: string): Promise<void> => {
    terminal.print(`> ${sentence}`)
    await talk(sentence, conversation, ctx, terminal, false)
  }
  const seen: number[] = []
  const curl = async (path: string, key?: string): Promise<void> => {
    const response = await fetch(gateway + path, { headers: key === undefined ? {} : { apikey: key } })
    const body = (await response.text()).trim()
    seen.push(response.status)
    terminal.print(
      `$ curl ${key === undefined ? '' : "-H 'apikey: ...' "}${gateway}${path}\n  ${response.status} ${body.length > 96 ? `${body.slice(0, 96)}…` : body}`,
    )
  }
  terminal.print(
    `The Conference API runs on http://127.0.0.1:${apiPort}, the gateway on ${gateway}.\n(In this demo every question is answered with y on your behalf.)\n`,
  )
  await say('Show all routes')
  await say(`Create a route for /speaker/* to http://127.0.0.1:${apiPort}`)
  await curl('/speaker/1/sessions')
  await say('Require an API key on it and allow 5 requests a minute')
  await curl('/speaker/1/sessions')
  for (let i = 0; i < 6; i++) await curl('/speaker/1/sessions', keys[0]?.value)
  await say('Undo')
  await curl('/speaker/1/sessions')
  await say('Undo')
  await curl('/speaker/1/sessions')
  await say('History')
  ctx.close()
  const expected = [200, 401, 200, 200, 200, 200, 200, 429, 200, 404]
  const asTold = seen.length === expected.length && seen.every((status, i) => status === expected[i])
  terminal.print(
    asTold
      ? '\nThe gateway did what was said.'
      : `\nThe gateway answered ${seen.join(' ')} where ${expected.join(' ')} was expected.`,
  )
  return asTold ? 0 : 1
}

/** Prints, and answers every question with `y`. */
function scripted(): Terminal {
  const print = (text: string): void => console.log(text)
  return {
    interactive: false,
    columns: Number.POSITIVE_INFINITY,
    ended: false,
    onInterrupt: undefined,
    read: async () => undefined,
    ask: async (prompt) => {
      print(`${prompt}y   (on your behalf)`)
      return 'y'
    },
    print,
    write: (text) => void process.stdout.write(text),
    flow: (text) => void process.stdout.write(text),
    end: () => {},
    status: () => {},
    paint: (_style, text) => text,
    close: () => {},
  }
}
