// What the limiting plugins have in common: fields of their schemas, what a request is counted by, and the numbers that variables give.
import { hash } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import type { Exchange } from '../../gateway/exchange.ts'
import type { PluginEnv, Reply } from '../../gateway/plugin.ts'
import { interpolate, placesOf, variable } from '../../gateway/variables.ts'
import type { RedisPolicy } from '../../lib/redis-settings.ts'
import { oneOfTexts } from '../../lib/schema-types.ts'
import { timerMs } from '../../lib/timer.ts'

export const rejectionFields = {
  rejected_code: Type.Integer({
    title: 'Rejected code',
    description: 'status of a refusal',
    minimum: 200,
    maximum: 599,
    default: 503,
    examples: [429],
  }),
  rejected_msg: Type.Optional(
    Type.String({
      title: 'Rejected message',
      description: 'message of a refusal',
      minLength: 1,
      examples: ['slow down'],
    }),
  ),
  allow_degradation: Type.Boolean({
    title: 'Allow degradation',
    description: 'let requests pass when a count cannot be had',
    default: false,
    examples: [true],
  }),
}

/** How `key` is read, one of `types`. */
export function keyTypeField<const T extends readonly KeyConf['key_type'][]>(types: T) {
  return oneOfTexts(types, {
    title: 'Key type',
    description: 'how `key` is read',
    default: 'var',
    examples: ['var_combination'],
  })
}

/** Where `what` is kept, one of `policies`. */
export function policyField<const T extends readonly ('local' | RedisPolicy)[]>(what: string, policies: T) {
  return oneOfTexts(policies, {
    title: 'Policy',
    description: `where ${what} are kept: in this process, or in Redis for all nodes`,
    default: 'local',
    examples: ['redis'],
  })
}

/** What a rule counts by. */
export const ruleKeyField = Type.String({
  title: 'Key',
  description: 'what is counted by, with variables',
  examples: ['$remote_addr'],
})

/** The Redis fields that are secrets, for a plugin's `encrypted`. */
export const REDIS_SECRETS = ['redis_password', 'sentinel_password']

export interface KeyConf {
  key: string
  key_type: 'var' | 'var_combination' | 'constant'
}

const MAX_KEY_LENGTH = 256

/** What a request is counted by. One whose variables are all absent is counted by its client's address, as in APISIX; so is a combination of none. */
export function readKey(ctx: Exchange, { key, key_type }: KeyConf): string {
  if (key_type === 'constant') return key
  if (key_type === 'var_combination') return (key.includes('$') && combined(ctx, key)) || ctx.remoteAddr
  const name = key.startsWith('$') ? key.slice(1) : key
  const value = name === 'remote_addr' ? ctx.remoteAddr : variable(ctx, name)
  return value === undefined || value === '' ? ctx.remoteAddr : shortened(String(value))
}

/** Keys are kept while they are counted, here or in Redis: a long one, made by a client, by its hash. */
function shortened(key: string): string {
  return key.length <= MAX_KEY_LENGTH ? key : hash('sha256', key, 'base64url')
}

/** The template with its variables; undefined when it has some and all are absent. */
export function combined(ctx: Exchange, template: string): string | undefined {
  const places = placesOf(template)
  if (places.length > 0 && places.every(({ name, fallback }) => (variable(ctx, name) ?? fallback ?? '') === ''))
    return undefined
  return shortened(interpolate(ctx, template))
}

/** A number as it is written, or as `$variable` and `${variable ?? default}` give it; undefined when that is no integer from `least` on. */
export function toNumber(ctx: Exchange, written: number | string, least: number): number | undefined {
  if (typeof written === 'number') return written
  const number = Number(interpolate(ctx, written) || Number.NaN)
  return Number.isSafeInteger(number) && number >= least ? number : undefined
}

/**
 * Tells the counters of this configuration from all others: by its place and revision in this process; by its place and content in Redis,
 * where other gateways must come to the same name.
 */
export function scopeOf(env: PluginEnv, conf: { policy: string; _vid?: number }): string {
  const { kind, id, version } = env.owner
  if (conf.policy === 'local') return `${kind}/${id} ${version} ${conf._vid ?? ''}`
  const counted = Object.entries(conf).filter(([name]) => !/^(?:redis|sentinel)_/.test(name) && name !== '_meta')
  const text = JSON.stringify(counted.sort(([a], [b]) => (a < b ? -1 : 1)))
  return `${kind}/${id} ${hash('sha256', text).slice(0, 16)}`
}

/** The refusal of a configuration. */
export function refusalOf(conf: { rejected_code: number; rejected_msg?: string }): Reply {
  const { rejected_code: status, rejected_msg: message } = conf
  if (message !== undefined) return { status, body: { error_msg: message } }
  // nginx has no page for a status that it does not know.
  return STATUS_CODES[status] === undefined ? { status, body: '' } : { status }
}

/** Holds a request back. */
export function holdBack(milliseconds: number): Promise<undefined> {
  return sleep(timerMs(milliseconds))
}

const LOG_EVERY_MS = 1000

/** What to do when a request cannot be counted: say so in the log, once a second, and pass or refuse. */
export interface Uncounted {
  /** The store cannot be asked. */
  outOfReach(error: unknown): Reply | undefined
  /** What the limit is, or whose, cannot be told for this request. */
  undecided(why: string): Reply | undefined
}

export function uncounted(env: PluginEnv, plugin: string, conf: { allow_degradation: boolean }): Uncounted {
  let loggedAt = 0
  const log = (fields: object, message: string): void => {
    if (env.now() - loggedAt < LOG_EVERY_MS) return
    loggedAt = env.now()
    env.log.error({ ...fields, owner: env.owner.id }, `${plugin}: ${message}`)
  }
  const failed = { status: 500, body: { error_msg: `failed to ${plugin.replace('-', ' ')}` } }
  return {
    outOfReach(error) {
      log({ err: error }, 'the counters in redis are out of reach')
      return conf.allow_degradation ? undefined : failed
    },
    undecided(why) {
      log({}, `a request was not counted: ${why}`)
      return conf.allow_degradation ? undefined : { status: 500 }
    },
  }
}

/**
 * What is wrong with the limits of a configuration, in APISIX's words; undefined: nothing. They are either rules or one limit by the two members
 * `single`. Each rule has a counter of its own, found by its key: rules that share one are refused, and a group of them.
 */
export function rulesFault<Conf extends { group?: string; rules?: readonly { key: string }[] }>(
  conf: Conf,
  single: readonly [keyof Conf & string, keyof Conf & string],
): string | undefined {
  const set = single.filter((name) => conf[name] !== undefined)
  if (conf.rules && set.length > 0) return `${single.join('/')} and rules cannot be specified at the same time`
  if (!conf.rules && set.length < single.length) return 'value should match only one schema, but matches none'
  const keys = conf.rules?.map(({ key }) => key) ?? []
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (conf.group !== undefined && conf.rules) return 'group and rules cannot be specified at the same time'
  return twice === undefined ? undefined : `duplicate key '${twice}' in rules`
}
