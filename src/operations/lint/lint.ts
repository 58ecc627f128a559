// Runs every rule over a target's configuration.

import { OperationError } from '../contract.ts'
import { Inventory } from '../inventory.ts'
import type { WishedChange } from '../plan.ts'
import type { Target } from '../targets.ts'
import { accessRules } from './access-rules.ts'
import type { Finding, Rule, Severity } from './contract.ts'
import { credentialRules } from './credential-rules.ts'
import { readCredentials } from './credentials.ts'
import { readLive } from './live.ts'
import { liveRules } from './live-rules.ts'
import { routeRules } from './route-rules.ts'
import { FieldSchemas, unknownField } from './unknown-fields.ts'
import { upstreamRules } from './upstream-rules.ts'

/** Every rule; a finding's id is `rule:resource`. */
export const RULES: readonly Rule[] = [
  ...liveRules,
  ...accessRules,
  ...credentialRules,
  ...routeRules,
  ...upstreamRules,
  unknownField,
]

const WEIGHT: Record<Severity, number> = { high: 0, medium: 1, low: 2 }

/** All findings, the worst first. `known`: the target's configuration, when the caller has just read it. */
export async function findAll(target: Target, now: number, known?: Inventory): Promise<Finding[]> {
  const inventory = known ?? (await Inventory.read(target))
  const [credentials, live] = await Promise.all([readCredentials(target, inventory), readLive(target)])
  const fields = await FieldSchemas.read(target.admin, [...inventory.all(), ...credentials.found])
  const around = { inventory, credentials, fields, live, adminKey: target.adminKey, now }
  const findings = RULES.flatMap(({ name, severity, find }) =>
    find(around).map((one): Finding => ({ ...one, rule: name, severity: one.severity ?? severity })),
  )
  return findings.sort((a, b) => WEIGHT[a.severity] - WEIGHT[b.severity])
}

export function idOf({ rule, resource }: Finding): string {
  return `${rule}:${resource}`
}

/** The changes that put findings right. Throws for a finding that is not there (any more), or that a person must put right. */
export async function fixesOf(
  ids: string[],
  target: Target,
  inventory: Inventory,
  now: number,
): Promise<WishedChange[]> {
  if (!ids.length) return []
  const findings = await findAll(target, now, inventory)
  const known = Map.groupBy(findings, idOf)
  return ids.flatMap((id) => {
    const finding = known.get(id)?.[0]
    if (!finding)
      throw new OperationError(
        'not_found',
        `there is no finding ${JSON.stringify(id.slice(0, 100))}; those with a fix are: ${
          findings
            .filter((one) => one.fix)
            .slice(0, 20)
            .map(idOf)
            .join(', ') || 'none'
        }`,
      )
    if (!finding.fix) throw new OperationError('invalid', `${id} has no fix that could be planned: ${finding.advice}`)
    return finding.fix
  })
}
