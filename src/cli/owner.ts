// Commands of the owner, who can read the data directory: open the browser, approve a plan, see new secrets, check the audit log.
import { existsSync } from 'node:fs'
import { browserOrigin } from '../lib/address.ts'
import type { ApprovalRequest } from '../operations/contract.ts'
import { Ledger } from '../operations/ledger.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { takeArguments } from './arguments.ts'
import { callOwner } from './call.ts'
import { CliError } from './error.ts'
import { JSON_FLAG } from './flags.ts'
import { neverStarted } from './operator.ts'
import { renderPlan } from './render.ts'
import { openTerminal } from './terminal.ts'

export async function open(argv: string[]): Promise<number> {
  const { settings, json } = read(argv)
  const { ticket } = (await callOwner(settings, 'POST', '/v1/tickets')) as { ticket: string }
  const { listen, public_url: known } = settings.surface
  const url = `${browserOrigin(known, listen)}/?ticket=${ticket}`
  console.log(json ? JSON.stringify({ url }) : url)
  return 0
}

export async function approve(argv: string[]): Promise<number> {
  const [planId, ...rest] = argv
  if (!planId || planId.startsWith('-')) throw new CliError('name the plan: gateward approve plan-1234abcd', 2)
  const { settings } = read(rest, {})
  const { plans } = (await callOwner(settings, 'GET', '/v1/plans')) as { plans: ApprovalRequest[] }
  const plan = plans.find((one) => one.planId === planId)
  if (!plan)
    throw new CliError(
      `no plan ${planId} waits for approval; waiting: ${plans.map((one) => one.planId).join(', ') || 'none'} (a plan of \`gateward chat\` is approved there)`,
    )
  const terminal = openTerminal({ input: process.stdin, output: process.stdout })
  terminal.print(renderPlan(plan, terminal))
  const answer = await terminal.ask('Approve? [y/N] ')
  terminal.close()
  if (answer === undefined) throw new CliError(`nobody answered: plan ${planId} goes on waiting`, 3)
  const decision = answer === 'y' ? 'approve' : 'reject'
  await callOwner(settings, 'POST', `/v1/plans/${encodeURIComponent(planId)}`, { digest: plan.digest, decision })
  console.log(
    decision === 'approve'
      ? `approved; whoever planned it can apply it now, or you: gateward apply ${planId}`
      : 'rejected; nothing is written',
  )
  return decision === 'approve' ? 0 : 3
}

export async function reveal(argv: string[]): Promise<number> {
  const { ledger, json } = openLedger(argv)
  const secrets = ledger.takeSecrets()
  ledger.close()
  if (json) {
    console.log(JSON.stringify({ secrets }))
    return 0
  }
  for (const { label, value } of secrets) console.log(`${label}: ${value}`)
  if (!secrets.length) console.log('there is nothing new to show')
  return 0
}

export async function audit(argv: string[]): Promise<number> {
  const { ledger, json } = openLedger(argv.filter((one) => one !== 'verify'))
  const { count, brokenAt } = ledger.verify()
  ledger.close()
  if (json) {
    console.log(JSON.stringify({ entries: count, whole: brokenAt === undefined, broken_at: brokenAt }))
    return brokenAt === undefined ? 0 : 1
  }
  if (brokenAt !== undefined)
    throw new CliError(`the audit log was changed: entry ${brokenAt} does not follow from the one before it`)
  console.log(`${count} entries, the chain is whole`)
  return 0
}

function openLedger(argv: string[]): { ledger: Ledger; json: boolean } {
  const { settings, json } = read(argv)
  if (!existsSync(settings.data_dir)) throw neverStarted(settings)
  return { ledger: new Ledger(settings.data_dir), json }
}

function read(argv: string[], spec = JSON_FLAG): { settings: Settings; json: boolean } {
  const { flags, words, rest } = takeArguments(argv, spec)
  const given = { env: process.env, cwd: process.cwd(), flags: Object.keys(spec) }
  // None of these commands takes words: the settings say so of one.
  const { settings } = loadSettings({ argv: [...rest, ...words], ...given })
  return { settings, json: flags.json === true }
}
