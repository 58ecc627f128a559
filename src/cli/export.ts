// `gateward export [FILE]`: the configuration of a target, read over its Admin API, as APISIX's standalone YAML, as JSON or as ADC's YAML. What the
// Admin API does not give (private keys of certificates) and what ADC's form cannot hold is left out and said; secrets are written only when they
// are asked for.
import { writeFileSync } from 'node:fs'
import { redact } from '../lib/redact.ts'
import type { AdminClient } from '../operations/admin-client.ts'
import { OperationError } from '../operations/contract.ts'
import { type Found, writable } from '../operations/one-by-one.ts'
import { writeAdc } from '../resources/adc-write.ts'
import { KINDS, type Kind, toKey } from '../resources/kinds.ts'
import { type Placed, writeConfiguration } from '../resources/standalone.ts'
import { loadSettings } from '../settings/load.ts'
import { toTargets } from '../surfaces/targets.ts'
import { takeArguments } from './arguments.ts'
import { CliError } from './error.ts'
import { EXPORT_FLAGS } from './flags.ts'
import { existingAdminKey } from './operator.ts'

const MAX_NAMED = 10

/** Runs the command. */
export async function exportCommand(argv: string[]): Promise<number> {
  const { words, flags, rest } = takeArguments(argv, EXPORT_FLAGS)
  const [file] = words
  if (words.length > 1) throw new CliError('name one file: gateward export apisix.yaml', 2)
  const format = flags.format ?? (file?.endsWith('.json') ? 'json' : 'yaml')
  if (format !== 'yaml' && format !== 'json' && format !== 'adc')
    throw new CliError(`--format is yaml, json or adc, found ${JSON.stringify(format)}`, 2)
  const { settings } = loadSettings({
    argv: rest,
    env: process.env,
    cwd: process.cwd(),
    flags: Object.keys(EXPORT_FLAGS),
  })
  const targets = toTargets(settings, () => existingAdminKey(settings) ?? '', process.env)
  const { admin } = targets.get(flags.target as string | undefined)
  const { resources, leftOut } = await readAll(admin)
  if (!flags['with-secrets']) refuseSecrets(resources)
  const { text, notes } =
    format === 'adc' ? writeAdc(resources) : { text: writeConfiguration(resources, format), notes: [] }
  // Never over another file: its mode may let others read it.
  if (file === undefined) process.stdout.write(text)
  else {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
    console.log(`wrote ${file}`)
  }
  for (const line of leftOut) console.error(`gateward: left out: ${line}`)
  for (const note of notes) console.error(`gateward: ${note}`)
  return 0
}

/** Everything that a target gives; `leftOut` says what it does not. */
export async function readAll(admin: AdminClient): Promise<{ resources: Found[]; leftOut: string[] }> {
  const leftOut: string[] = []
  const resources: Found[] = []
  for (const kind of KINDS) {
    if (kind === 'credentials') continue
    resources.push(...(await listIfServed(admin, kind, leftOut)))
  }
  for (const { id } of resources.filter((one) => one.kind === 'consumers'))
    resources.push(...(await admin.list('credentials', id)))
  for (const { id } of resources.filter((one) => one.kind === 'ssls'))
    leftOut.push(
      `ssls/${id}: the Admin API does not give private keys; bring the certificate and its key from where they came`,
    )
  const given = resources.filter((one) => one.kind !== 'ssls')
  return { resources: given.map((one) => ({ ...one, value: writable(one.value) })), leftOut }
}

/** An APISIX without stream proxying, or one from before a kind, refuses to list it. */
async function listIfServed(admin: AdminClient, kind: Kind, leftOut: string[]): Promise<readonly Found[]> {
  try {
    return await admin.list(kind)
  } catch (error) {
    if (!(error instanceof OperationError) || !/ has no |is disabled/.test(error.message)) throw error
    leftOut.push(`${kind}: ${error.message}`)
    return []
  }
}

function refuseSecrets(resources: readonly Placed[]): void {
  const holding = resources.filter(({ kind, value }) => JSON.stringify(redact(kind, value)) !== JSON.stringify(value))
  if (!holding.length) return
  const names = holding.slice(0, MAX_NAMED).map(({ kind, id }) => toKey(kind, id))
  const more = holding.length > MAX_NAMED ? ` and ${holding.length - MAX_NAMED} more` : ''
  throw new CliError(
    `exporting: found secrets in ${names.join(', ')}${more}; put references such as $env://NAME there, or add --with-secrets`,
  )
}
