// `gateward import FILE`: writes a standalone configuration (YAML or JSON, `-`: standard input) to a target, over its Admin API. What the target
// already has is left alone, nothing is deleted. The person is asked before anything is written. Small configurations are one transaction;
// larger ones are several, and an import that failed can be repeated: it goes on where it ended.
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { type WriteOperation, writable } from '../operations/one-by-one.ts'
import { type Kind, type Resource, toKey } from '../resources/kinds.ts'
import { type Placed, readConfiguration } from '../resources/standalone.ts'
import { loadSettings } from '../settings/load.ts'
import { type FlagSpec, takeArguments } from './arguments.ts'
import { CliError } from './error.ts'
import { readAll } from './export.ts'
import { existingAdminKey, toTargets } from './operator.ts'
import { openTerminal } from './terminal.ts'

const FLAGS: Record<string, FlagSpec> = {
  target: { type: 'text', about: 'which gateway' },
  yes: { type: 'switch', about: 'write without a question' },
}

/** What is named comes before what names it. */
const ORDER: Kind[] = [
  'secrets',
  'protos',
  'ssls',
  'plugin_metadata',
  'upstreams',
  'services',
  'plugin_configs',
  'consumer_groups',
  'consumers',
  'credentials',
  'global_rules',
  'routes',
  'stream_routes',
]
/** Of one transaction: an Admin API takes bodies of 1 MB. */
const MAX_BATCH_OPERATIONS = 500
const MAX_BATCH_BYTES = 512 * 1024

/** Runs the command. */
export async function importCommand(argv: string[]): Promise<number> {
  const { words, flags, rest } = takeArguments(argv, FLAGS)
  const [file] = words
  if (file === undefined || words.length > 1) throw new CliError('name one file: gateward import apisix.yaml', 2)
  if (file === '-' && !flags.yes) throw new CliError('standard input holds the configuration: add --yes', 2)
  const wanted = read(file)
  const { settings } = loadSettings({ argv: rest, env: process.env, cwd: process.cwd() })
  const targets = toTargets(settings, existingAdminKey(settings) ?? '', process.env)
  const target = targets.get(flags.target as string | undefined)
  if (targets.policy(target, 'cli') === 'read-only')
    throw new CliError(`importing: the settings say that ${target.name} is only read`, 3)
  const { resources } = await readAll(target.admin)
  const operations = toOperations(wanted, resources)
  for (const { kind, id, expect } of operations) console.log(`${expect ? '~ change' : '+ create'} ${toKey(kind, id)}`)
  console.log(`${operations.length} to write on ${target.name}, ${wanted.length - operations.length} already there`)
  if (!operations.length) return 0
  if (!flags.yes && !(await ask())) return 3
  for (const batch of batches(operations)) await target.admin.write(batch)
  console.log('imported')
  return 0
}

function read(file: string): Placed[] {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8')
  try {
    return readConfiguration(text)
  } catch (error) {
    // A YAML error goes on with an excerpt of the file, which may hold secrets.
    throw new CliError(`reading ${file}: ${(error as Error).message.split('\n')[0]}`, 2)
  }
}

type Existing = Placed & { modifiedIndex: number }

function toOperations(wanted: readonly Placed[], existing: readonly Existing[]): WriteOperation[] {
  const there = new Map(existing.map((one) => [toKey(one.kind, one.id), one]))
  return wanted
    .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    .flatMap(({ kind, id, value }): WriteOperation[] => {
      const before = there.get(toKey(kind, id))
      const body = writable(value)
      if (before && isDeepStrictEqual(withoutId(before.value), body)) return []
      return [{ method: 'PUT', kind, id, body, expect: before?.modifiedIndex ?? 0 }]
    })
}

function withoutId({ id: _id, ...value }: Resource): Resource {
  return value
}

function* batches(operations: readonly WriteOperation[]): Generator<WriteOperation[]> {
  let batch: WriteOperation[] = []
  let bytes = 0
  for (const operation of operations) {
    const size = Buffer.byteLength(JSON.stringify(operation))
    if (batch.length && (batch.length === MAX_BATCH_OPERATIONS || bytes + size > MAX_BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(operation)
    bytes += size
  }
  if (batch.length) yield batch
}

async function ask(): Promise<boolean> {
  const terminal = openTerminal({ input: process.stdin, output: process.stdout })
  const answer = await terminal.ask('Apply? [y/N] ').finally(() => terminal.close())
  return answer === 'y'
}
