// What may pass unseen under the policy `destructive`: only what is known to take nothing away from anybody. Everything else a person sees: deletes,
// global rules, consumers and their credentials, plugins that run code, decide by somebody else's word or send data elsewhere, weaker protection,
// other places for requests that are served today, and whatever the plan warns of.
import { pluginsIn, type Resource } from '../resources/kinds.ts'
import type { Plan, PlannedChange } from './plan.ts'

/** True for what a person must see even under the policy `destructive`: everything that is not known to be routine. */
export function isDestructive(plan: Plan): boolean {
  return plan.warnings.length > 0 || !plan.changes.every(isRoutine)
}

/** Plugins that neither run code, nor send data elsewhere, nor decide by somebody else's word. */
const ROUTINE_PLUGINS =
  /^(?:key-auth|basic-auth|jwt-auth|hmac-auth|cors|limit-count|limit-req|limit-conn|prometheus|request-id|ip-restriction|ua-restriction|referer-restriction|consumer-restriction|uri-blocker|request-validation|csrf|redirect|proxy-rewrite|response-rewrite|traffic-split|gzip|brotli|api-breaker|proxy-cache|mocking|fault-injection|echo)$/

/** Plugins that protect, or that say where requests go: added they are routine, changed they may open or divert what is there. */
const GUARDING =
  /(?:-auth|-restriction)$|^(?:uri-blocker|request-validation|csrf|traffic-split|redirect|proxy-rewrite)$/
/** Plugins with places of their own that requests are sent to. */
const LEADING_AWAY = /^traffic-split$/

/** Members whose change may take away protection or bring code. */
const WEIGHTY = ['script', 'script_id', 'filter_func', 'service_id', 'plugin_config_id', 'priority']
/** Members that say, of a resource that is there, which requests it takes and where they go. */
const SERVING = [
  'uri',
  'uris',
  'host',
  'hosts',
  'methods',
  'vars',
  'remote_addr',
  'remote_addrs',
  'status',
  'upstream_id',
]
const ADDRESSING = ['nodes', 'scheme', 'pass_host', 'upstream_host', 'discovery_type', 'service_name', 'tls']

function isRoutine({ action, kind, before, after }: PlannedChange): boolean {
  if (action === 'delete' || !after || !['routes', 'services', 'upstreams', 'plugin_configs'].includes(kind))
    return false
  if (differ(WEIGHTY, before, after) || leadsToMetadata(after)) return false
  if (before && (differ(SERVING, before, after) || !sameAddresses(before, after))) return false
  const [had, has] = [pluginsIn(before), pluginsIn(after)]
  return (
    Object.keys(had).every((name) => name in has) &&
    Object.entries(has).every(([name, conf]) => isRoutinePlugin(name, conf, had[name]))
  )
}

function isRoutinePlugin(name: string, conf: Resource, had: Resource | undefined): boolean {
  if (!ROUTINE_PLUGINS.test(name) || conf?._meta !== undefined) return false
  const changed = JSON.stringify(conf) !== JSON.stringify(had)
  return !changed || (had ? !GUARDING.test(name) : !LEADING_AWAY.test(name))
}

function differ(names: readonly string[], before: Resource | undefined, after: Resource): boolean {
  return names.some((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after[name]))
}

/** An upstream stands in the resource itself, or is it. */
function sameAddresses(before: Resource, after: Resource): boolean {
  const inner = [before.upstream, after.upstream] as (Resource | undefined)[]
  return !differ(ADDRESSING, before, after) && !differ(ADDRESSING, inner[0], inner[1] ?? {})
}

/** Where a cloud keeps the credentials of its machines: `169.254.169.254` and its names. */
function leadsToMetadata(value: Resource): boolean {
  return /"(?:169\.254\.|\[?fd00:ec2|metadata\.google)/i.test(JSON.stringify(value))
}
