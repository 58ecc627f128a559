// What proves a limit, by what it counts by.
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import type { Found } from '../one-by-one.ts'
import { AUTHENTICATION, asks } from '../open-beside.ts'
import type { Expectation } from '../prove.ts'
import { callsToExceed } from '../prove-burst.ts'
import { type LimitToProve, MAX_CALLS } from '../prove-limit.ts'
import { ANSWERS, type Around, EVERY_ROUTE, probeOf } from './contract.ts'

/** One of the limits of a configuration, whose callers are told apart by these variables. */
interface Limit {
  count: number
  seconds: number
  variables: string[]
  prefix: string
}

/** The proof of a limit-count as it will be on a route; none for every route where none could be asked. */
export function proofOfLimit(conf: Resource, about: Found, around: Around): Expectation[] {
  const route = about.id === EVERY_ROUTE ? openRoute(around) : about
  if (!route) return []
  const limits = limitsIn(conf)
  const least = limits.reduce((one, other) => (other.count < one.count ? other : one))
  const probe = probeOf(route.value)
  if (!limits.every(({ count, seconds }) => Number.isInteger(count) && Number.isInteger(seconds)))
    return [{ title: 'the limit', ...probe, expect: ANSWERS }] // how much depends on the request
  const own = commonTo(limits)
  const not = least.count > MAX_CALLS ? TOO_MANY : whyNot('limit-count', own, route, around)
  const proof: Expectation = {
    title: not === undefined ? `call ${least.count + 1} is refused` : 'the quota is announced',
    ...probe,
    expect: {},
    limit: {
      count: least.count,
      seconds: least.seconds,
      code: Number(conf.rejected_code),
      own: not === RESTRICTED ? undefined : own,
      ...(typeof conf.group === 'string' ? { group: conf.group } : {}),
      ...(not === undefined ? {} : { not }),
      prefix: conf.show_limit_quota_header === false ? undefined : least.prefix,
    },
  }
  return [proof]
}

/** What a consumer's own key is answered with: its quota, of which one call is all that is taken. */
export function proofOfConsumer(name: string, conf: Resource | undefined, { inventory }: Around): Expectation[] {
  const holds = typeof pluginsIn(inventory.get('consumers', name))['key-auth']?.key === 'string'
  const route = inventory.list('routes').find(({ value }) => {
    const asking = Object.keys(inventory.pluginsOf(value)).filter((one) => AUTHENTICATION.test(one))
    return value.status !== 0 && asking.join() === 'key-auth' && probeOf(value).method === 'GET'
  })
  if (!holds || !route || !conf) return []
  const header = String(inventory.pluginsOf(route.value)['key-auth']?.header ?? 'apikey')
  const limit = {
    count: Number(conf.count),
    seconds: Number(conf.time_window),
    code: Number(conf.rejected_code),
    own: undefined,
    not: `the calls are those of ${name}`,
    prefix: '',
  }
  const credential = { kind: 'consumers' as const, id: name, plugin: 'key-auth', field: 'key', header }
  return [{ title: 'the quota is announced', ...probeOf(route.value), credential, expect: {}, limit }]
}

/** A route that takes a proof's request as it is. */
function openRoute({ inventory }: Around): Found | undefined {
  return inventory
    .list('routes')
    .find(({ value }) => value.status !== 0 && !asks(value, inventory) && probeOf(value).method === 'GET')
}

function limitsIn(conf: Resource): Limit[] {
  if (Array.isArray(conf.rules))
    return (conf.rules as Resource[]).map((rule, index) => ({
      count: rule.count as number,
      seconds: rule.time_window as number,
      variables: namesIn(String(rule.key)),
      prefix: String(rule.header_prefix ?? index + 1),
    }))
  const key = String(conf.key ?? 'remote_addr')
  const variables = { constant: [], var_combination: namesIn(key) }[String(conf.key_type)] ?? [key.replace(/^\$/, '')]
  return [{ count: conf.count as number, seconds: conf.time_window as number, variables, prefix: '' }]
}

function namesIn(template: string): string[] {
  return [...template.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name as string)
}

/** What tells the proof from all other callers, for every one of the limits. */
function commonTo(limits: readonly Limit[]): LimitToProve['own'] {
  const ways = limits.map(({ variables }) => variables.flatMap(wayOf))
  return ways[0]?.find((way) => ways.every((others) => others.includes(way)))
}

function wayOf(variable: string): NonNullable<LimitToProve['own']>[] {
  if (variable === 'remote_addr') return ['address']
  if (variable === 'consumer_name') return ['consumer']
  return variable.startsWith('http_') ? [`header:${variable.slice('http_'.length).replaceAll('_', '-')}`] : []
}

/** Plugins that answer by address, in place of the API. */
const BY_ADDRESS = /^(?:ip-restriction|real-ip)$/

const RESTRICTED = 'only certain addresses may call'
const TOO_MANY = `that would take more than ${MAX_CALLS} calls`

/** Why a proof may not call until it is refused; undefined: it may. */
function whyNot(
  plugin: string,
  own: LimitToProve['own'],
  { id, value }: Found,
  { inventory, earlier }: Around,
): string | undefined {
  if (own === undefined) return 'all callers share it'
  const planned = earlier.filter((one) => one.kind === 'global_rules' || one.id === id).map((one) => one.set)
  const names = [inventory.pluginsOf(value), ...planned.map(pluginsIn)].flatMap((plugins) => Object.keys(plugins))
  const others = names.some((name) => name.startsWith('limit-') && name !== plugin)
  if (others || Object.keys(inventory.globalPlugins()).includes(plugin)) return 'other limits count the same calls'
  if (own === 'address' && (value.remote_addr ?? value.remote_addrs ?? names.some((name) => BY_ADDRESS.test(name))))
    return RESTRICTED
  return undefined
}

/** Seconds for which a caller who shares our address may be refused after a proof. */
const MAX_AFTER_SECONDS = 3

/** The proof of a limit-req or limit-conn as it will be on a route. */
export function proofOfBurst(
  plugin: 'limit-req' | 'limit-conn',
  conf: Resource,
  route: Found,
  around: Around,
): Expectation[] {
  if (route.id === EVERY_ROUTE) return []
  const [rate, conn, burst] = [Number(conf.rate), Number(conf.conn), Number(conf.burst)]
  const own = (conf.key_type === 'var' ? [String(conf.key)] : []).flatMap(wayOf)[0]
  const calls = callsToExceed(plugin === 'limit-req' ? burst + rate / 5 : conn + burst)
  const after = plugin === 'limit-req' ? (burst + 1) / rate : 0
  const not =
    calls === undefined
      ? TOO_MANY
      : after > MAX_AFTER_SECONDS
        ? `calls would have to wait for ${Math.round(after)} s`
        : whyNot(plugin, own, route, around)
  return [
    {
      title: not === undefined ? 'calls beyond the limit are refused' : 'calls below the limit pass',
      ...probeOf(route.value),
      expect: {},
      burst: {
        calls: calls ?? 0,
        code: Number(conf.rejected_code),
        own: not === RESTRICTED ? undefined : own,
        ...(not === undefined ? {} : { not }),
        ...(plugin === 'limit-req' ? { passing: (seconds: number): number => burst + 1 + rate * seconds } : {}),
      },
    },
  ]
}
