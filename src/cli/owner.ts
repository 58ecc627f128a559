// Commands of the owner, who can read the data directory: open the browser, approve a plan, see new secrets, check the audit log.
import { existsSync } from 'node:fs'
import { browserOrigin } from '../lib/address.ts'
import type { ApprovalRequest } from '../operations/contract.ts'
import { Ledger } from '../operations/ledger.ts'
import { loadSettings } from '../settings/load.ts'
import type { Settings } from '../settings/schema.ts'
import { callOwner } from './call.ts'
import { CliError } from './error.ts'
import { neverStarted } from './operator.ts'
import { renderPlan } from './render.ts'
import { openTerminal } from './terminal.ts'

export async function open(argv: string[]): Promise<number> {
  const settings = read(argv)
  const { ticket } = (await callOwner(settings, 'POST', '/v1/tickets')) as { ticket: string }
  const { listen, public_url: known } = settings.surface
  console.log(`${browserOrigin(known, listen)}/?ticket=${ticket}`)
  return 0
}

export async function approve(argv: string[]): Promise<number> {
  const [planId, ...rest] = argv
  if (!planId || planId.startsWith('-')) throw new CliError('name the plan: gateward approve plan-1234abcd', 2)
  const settings = read(rest)
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
  const ledger = openLedger(argv)
  const secrets = ledger.takeSecrets()
  ledger.close()
  for (const { label, value } of secrets) console.log(`${label}: ${value}`)
  if (!secrets.length) console.log('there is nothing new to show')
  return 0
}

export async function audit(argv: string[]): Promise<number> {
  const ledger = openLedger(argv.filter((one) => one !== 'verify'))
  const { count, brokenAt } = ledger.verify()
  ledger.close()
  if (brokenAt !== undefined)
    throw new CliError(`the audit log was changed: entry ${brokenAt} does not follow from the one before it`)
  console.log(`${count} entries, the chain is whole`)
  return 0
}

function openLedger(argv: string[]): Ledger {
  const settings = read(argv)
  if (!existsSync(settings.data_dir)) throw neverStarted(settings)
  return new Ledger(settings.data_dir)
}

function read(argv: string[]): Settings {
  return loadSettings({ argv, env: process.env, cwd: process.cwd() }).settings
}
