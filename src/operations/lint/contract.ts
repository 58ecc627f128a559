// What a rule of the linter is. Rules are deterministic: the same configuration and the same state of its nodes give the same findings in the same
// order, and where the way out is known a finding brings it as changes, which `plan` takes by the finding's id.
import type { Inventory } from '../inventory.ts'
import type { WishedChange } from '../plan.ts'
import type { Credentials } from './credentials.ts'
import type { Live } from './live.ts'
import type { FieldSchemas } from './unknown-fields.ts'

export type Severity = 'high' | 'medium' | 'low'

export interface Finding {
  rule: string
  severity: Severity
  /** `routes/orders`, or `target` for the gateway as a whole. */
  resource: string
  /** What was found; never holds a secret. */
  problem: string
  /** What to do, in words. */
  advice: string
  /** The advice as changes; absent where a person must decide or bring something. */
  fix?: WishedChange[]
}

/** A finding as the operation `lint` tells it. */
export interface ShownFinding extends Pick<Finding, 'severity' | 'problem' | 'advice'> {
  /** `rule:kind/id`, or `rule:target`. */
  id: string
  fixable: boolean
}

/** What a rule says about one place: the finding without the parts that the rule itself brings. */
export type Found = Omit<Finding, 'rule' | 'severity'> & { severity?: Severity }

export interface Surroundings {
  inventory: Inventory
  credentials: Credentials
  fields: FieldSchemas
  live: Live
  adminKey: string
  /** Milliseconds since 1970. */
  now: number
}

export interface Rule {
  /** `open-writes`: part of a finding's id. */
  name: string
  severity: Severity
  find(around: Surroundings): Found[]
}
