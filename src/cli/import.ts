// `gateward import FILE`: writes a configuration (APISIX's standalone YAML or JSON, ADC's YAML; `-`: standard input) to a target, through plan and
// ledger as every change: the difference is shown, a person approves, and `gateward undo` takes it back. What the target already has is left alone,
// nothing is deleted. Up to PART_CHANGES resources are one plan; more are several, each applied as a whole, and an import that failed can be
// repeated: it goes on where it ended.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { plainLines } from '../lib/text.ts'
import { applyPlan } from '../operations/apply.ts'
import type { OperationContext } from '../operations/contract.ts'
import { Inventory } from '../operations/inventory.ts'
import { type Found, writable } from '../operations/one-by-one.ts'
import { patchTo } from '../operations/patch.ts'
import { makePlan, type Plan, type WishedChange } from '../operations/plan.ts'
import type { Target } from '../operations/targets.ts'
import { readAdc } from '../resources/adc-read.ts'
import { type Kind, type Resource, toKey } from '../resources/kinds.ts'
import { type Placed, readConfiguration } from '../resources/standalone.ts'
import { loadSettings } from '../settings/load.ts'
import { takeArguments } from './arguments.ts'
import { CliError } from './error.ts'
import { readAll } from './export.ts'
import { IMPORT_FLAGS } from './flags.ts'
import { existingAdminKey, terminalContext } from './operator.ts'
import { openTerminal } from './terminal.ts'

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
/** Of one plan, which is one transaction: an Admin API takes bodies of 1 MB. */
const PART_CHANGES = 500
const PART_BYTES = 512 * 1024
/** More plans than that cannot wait for their approval at once. */
const MAX_PARTS = 200

/** Runs the command. */
export async function importCommand(argv: string[]): Promise<number> {
  const { words, flags, rest } = takeArguments(argv, IMPORT_FLAGS)
  const [file] = words
  if (file === undefined || words.length > 1) throw new CliError('name one file: gateward import apisix.yaml', 2)
  if (file === '-' && !flags.yes && !flags['dry-run'])
    throw new CliError('standard input holds the configuration: add --yes or --dry-run', 2)
  if (flags.format !== undefined && flags.format !== 'adc')
    throw new CliError(`--format is adc or left out, found ${JSON.stringify(flags.format)}`, 2)
  const wanted = read(file, flags.format === 'adc')
  const { settings } = loadSettings({
    argv: rest,
    env: process.env,
    cwd: process.cwd(),
    flags: Object.keys(IMPORT_FLAGS),
  })
  const terminal = openTerminal({ input: process.stdin, output: process.stdout })
  try {
    const ctx = terminalContext(settings, existingAdminKey(settings) ?? '', terminal, 'cli')
    const target = ctx.targets.get(flags.target as string | undefined)
    if (ctx.targets.policy(target, 'cli') === 'read-only')
      throw new CliError(`importing: the settings say that ${target.name} is only read`, 3)
    const plans = await planAll(wanted, target, ctx)
    if (!plans.length || flags['dry-run']) return 0
    if (!flags.yes && (await terminal.ask('Apply? [y/N] ')) !== 'y') return 3
    await applyAll(plans, ctx)
    return 0
  } finally {
    terminal.close()
  }
}

/** Works out what is new or different, as plans, and prints it. */
async function planAll(wanted: readonly Placed[], target: Target, ctx: OperationContext): Promise<Plan[]> {
  const { resources } = await readAll(target.admin)
  const changes = toChanges(wanted, resources)
  const parts = [...split(changes)]
  if (parts.length > MAX_PARTS)
    throw new CliError(`importing: ${changes.length} changes are more than ${MAX_PARTS} plans hold; split the file`, 2)
  const inventory = await Inventory.read(target)
  const plans: Plan[] = []
  for (const [i, part] of parts.entries()) {
    const summary = `import ${part.length} resources${parts.length > 1 ? `, part ${i + 1} of ${parts.length}` : ''}`
    plans.push(await makePlan({ target, inventory, changes: part, summary }, ctx))
  }
  for (const { diff } of plans) console.log(plainLines(diff))
  for (const warning of new Set(plans.flatMap(({ warnings }) => warnings))) console.log(plainLines(`! ${warning}`))
  console.log(`${changes.length} to write on ${target.name}, ${wanted.length - changes.length} already there`)
  return plans
}

/** The person has seen all parts and said yes to all. */
async function applyAll(plans: readonly Plan[], ctx: OperationContext): Promise<void> {
  for (const { id, digest } of plans) ctx.approvals.grant(id, digest, userInfo().username)
  for (const { id } of plans) {
    const { change_id: change, summary } = await applyPlan(id, ctx)
    console.log(`imported: ${summary}; gateward undo ${change} takes it back`)
  }
}

function read(file: string, adc: boolean): Placed[] {
  const text = readFileSync(file === '-' ? 0 : file, 'utf8')
  try {
    return adc ? readAdc(text) : readConfiguration(text)
  } catch (error) {
    // A YAML error goes on with an excerpt of the file, which may hold secrets.
    throw new CliError(`reading ${file}: ${(error as Error).message.split('\n')[0]}`, 2)
  }
}

function toChanges(wanted: readonly Placed[], existing: readonly Found[]): WishedChange[] {
  const there = new Map(existing.map((one) => [toKey(one.kind, one.id), withoutId(one.value)]))
  return wanted
    .toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind))
    .flatMap(({ kind, id, value }): WishedChange[] => {
      const before = there.get(toKey(kind, id))
      const body = writable(value)
      if (!before) return [{ action: 'create', kind, id, set: body }]
      if (isDeepStrictEqual(before, body)) return []
      return [{ action: 'change', kind, id, set: patchTo(body, before) }]
    })
}

function withoutId({ id: _id, ...value }: Resource): Resource {
  return value
}

function* split(changes: readonly WishedChange[]): Generator<WishedChange[]> {
  let part: WishedChange[] = []
  let bytes = 0
  for (const change of changes) {
    const size = Buffer.byteLength(JSON.stringify(change))
    if (part.length && (part.length === PART_CHANGES || bytes + size > PART_BYTES)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(change)
    bytes += size
  }
  if (part.length) yield part
}
