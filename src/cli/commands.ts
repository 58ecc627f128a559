// The operations as commands: which words and flags each takes, and the input that they make. The operation itself checks the input.
import { readFileSync } from 'node:fs'
import { isKind } from '../resources/kinds.ts'
import { parseSentence } from '../surfaces/chat/sentences/index.ts'
import type { Arguments, FlagSpec } from './arguments.ts'
import { CliError } from './error.ts'

export interface OperationCommand {
  summary: string
  /** Words after the command, for help. */
  words: string
  flags: Record<string, FlagSpec>
  toInput(given: Arguments): Record<string, unknown>
}

const text = (about: string): FlagSpec => ({ type: 'text', about })
const number = (about: string): FlagSpec => ({ type: 'number', about })
const list = (about: string): FlagSpec => ({ type: 'list', about })

const SEARCH = text('only rows that hold this text')

export const OPERATION_COMMANDS: Record<string, OperationCommand> = {
  look: {
    summary: 'show what is configured: gateward look [KIND [ID]]',
    words: '[KIND [ID]]',
    flags: { search: SEARCH, cursor: number('go on from here') },
    toInput: ({ words: [kind, id], flags }) => ({ kind: kind ?? 'routes', id, ...flags }),
  },
  explain: {
    summary: 'tell which route would take a request and why: gateward explain PATH',
    words: 'PATH',
    flags: {
      method: text('GET when it is not given'),
      host: text('host name'),
      header: list('NAME: VALUE, may come several times'),
    },
    toInput: ({ words: [path], flags: { header, ...flags } }) => ({
      path: need(path, 'a path: gateward explain /orders/1'),
      ...flags,
      headers: toHeaders(header as string[] | undefined),
    }),
  },
  traffic: {
    summary: 'rates, errors and latencies',
    words: '',
    flags: { by: text('route, consumer, upstream or status'), seconds: number('length of the window'), search: SEARCH },
    toInput: ({ flags }) => ({ ...flags }),
  },
  lint: {
    summary: 'find risks in the configuration; --fail-on high makes them an exit code',
    words: '',
    flags: { search: SEARCH, 'fail-on': text('exit with 1 from this severity on: high, medium or low') },
    toInput: ({ flags }) => ({ ...flags }),
  },
  history: {
    summary: 'list applied changes, newest first',
    words: '',
    flags: { limit: number('rows') },
    toInput: ({ flags }) => ({ ...flags }),
  },
  plan: {
    summary: 'plan a change, write nothing: gateward plan SENTENCE | \'{"intents": ...}\' | FILE.json | -',
    words: "SENTENCE | '{...}' | FILE.json | -",
    flags: {
      openapi: text('file or address of an OpenAPI document'),
      server: text('with --openapi: where the API runs'),
      prefix: text('with --openapi: serve below this path'),
      fix: list('id of a finding of lint, may come several times'),
    },
    toInput: toPlan,
  },
  promote: {
    summary: 'plan to carry resources to another target: gateward promote [KIND] [ID...] --to TARGET',
    words: '[KIND] [ID...]',
    flags: { from: text('embedded when it is not given'), to: text('the target') },
    toInput: ({ words, flags }) => {
      const kind = words[0] !== undefined && isKind(words[0]) ? words[0] : undefined
      const ids = kind ? words.slice(1) : words
      return { ...flags, kind, ids: ids.length ? ids : undefined }
    },
  },
  apply: {
    summary: 'apply a plan, after asking you: gateward apply PLAN',
    words: 'PLAN',
    flags: { 'confirm-seconds': number('taken back then, unless confirmed') },
    toInput: ({ words: [plan], flags }) => ({
      plan_id: need(plan, 'the plan: gateward apply plan-1234abcd'),
      confirm_seconds: flags['confirm-seconds'],
    }),
  },
  confirm: {
    summary: 'keep a change that is on trial: gateward confirm [CHANGE]',
    words: '[CHANGE]',
    flags: {},
    toInput: ({ words: [change] }) => ({ change_id: change }),
  },
  undo: {
    summary: 'take a change back, the last one when none is named: gateward undo [CHANGE]',
    words: '[CHANGE]',
    flags: {},
    toInput: ({ words: [change] }) => ({ change_id: change }),
  },
}

function need(word: string | undefined, what: string): string {
  if (word === undefined) throw new CliError(`name ${what}`, 2)
  return word
}

function toHeaders(lines: string[] | undefined): Record<string, string> | undefined {
  return (
    lines &&
    Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]),
    )
  )
}

function toPlan({ words, flags: { openapi, server, prefix, fix } }: Arguments): Record<string, unknown> {
  const input = words.length ? fromWords(words.join(' ')) : {}
  if (typeof openapi === 'string') {
    const source = /^https?:\/\//.test(openapi) ? openapi : readFileSync(openapi, 'utf8')
    input.openapi = { source, server, prefix }
  }
  if (fix) input.fixes = fix
  if (!Object.keys(input).length)
    throw new CliError('say what to plan: gateward plan "limit route orders to 5 requests a minute"', 2)
  return input
}

/** JSON, a file of it, standard input, or a sentence of the built-in interpreter that names its route. */
function fromWords(said: string): Record<string, unknown> {
  if (said === '-' || said.startsWith('{') || said.endsWith('.json')) {
    const json = said.startsWith('{') ? said : readFileSync(said === '-' ? 0 : said, 'utf8')
    try {
      return JSON.parse(json) as Record<string, unknown>
    } catch (error) {
      throw new CliError(`reading the plan: ${(error as Error).message}`, 2)
    }
  }
  const command = parseSentence(said)
  if (command.type === 'import')
    return { openapi: { source: command.source, server: command.server, prefix: command.prefix } }
  if (command.type === 'delete' && typeof command.what === 'object' && 'ids' in command.what)
    return { changes: command.what.ids.map((id) => ({ action: 'delete', kind: command.kind, id })) }
  if (command.type === 'plan' && command.rest)
    throw new CliError(
      `I do not understand ${command.rest.map((one) => JSON.stringify(one)).join(' and ')}: name the route as "... on route ID"`,
      2,
    )
  if (command.type !== 'plan')
    throw new CliError(
      `this is no change that I understand: ${JSON.stringify(said)}; see \`gateward chat\`, then help`,
      2,
    )
  const { route, intents } = command
  if (route === 'none') return { intents }
  if (route === 'all') return { intents: intents.map((one) => ({ ...one, route: '*' })) }
  if ('id' in route) return { intents: intents.map((one) => ({ ...one, route: route.id })) }
  throw new CliError('name the route: ... on route ID', 2)
}
