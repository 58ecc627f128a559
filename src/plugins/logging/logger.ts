// What every logger plugin is made of: an entry for each request, built in the log phase, and a queue that delivers entries in batches beside
// the requests. A plugin adds how a batch is delivered. The response has ended before an entry is made, so that no client waits for a log.
import type { Exchange } from '../../gateway/exchange.ts'
import type { PluginEnv, PluginInstance } from '../../gateway/plugin.ts'
import { BatchQueue } from '../../lib/batch-queue.ts'
import { createBodyCollector } from './bodies.ts'
import { defaultEntry, type Entry, formattedEntry } from './entry.ts'
import type { BatchConf, EntryConf } from './fields.ts'
import { type Bodies, compileFormat, type Format, type Formats } from './format.ts'

export interface Delivery<E extends string | Buffer = string> {
  /** Rejects when the batch did not arrive. */
  deliver(batch: E[]): Promise<unknown>
  /** An entry as text; JSON unless told otherwise. */
  toText?(entry: Entry, ctx: Exchange): string
  /** An entry that has a form of its own, whatever log format is set: then there is no other entry. */
  makeText?(ctx: Exchange, bodies: Bodies): string
  /** What is logged without a log format; APISIX's default entry unless told otherwise. */
  makeEntry?(ctx: Exchange, bodies: Bodies): Entry
  /** Batches under way at a time; 1 keeps their order. */
  concurrency?: number
  /** Characters of entries that wait at most. */
  maxPendingCharacters?: number
  /** Characters of entries that make a batch due. */
  batchCharacters?: number
  /** Entries that wait at most; as the plugin metadata says when absent. */
  maxPendingEntries?: number
  /** After the last batch. */
  close?(): void | Promise<void>
}

/** Waits of a queue in milliseconds, for plugins without APISIX's batch fields. */
interface Waits {
  name: string
  inactiveMs: number
  maxAgeMs: number
}

const MAX_PENDING_ENTRIES = 8192
const MAX_PENDING_CHARACTERS = 32 * 1024 * 1024
/** Lost entries are reported together, at most once in this time. */
const REPORT_MS = 10_000

/** The phases of a logger with this configuration. */
export function createLogger(
  conf: EntryConf & (BatchConf | Waits),
  env: PluginEnv,
  delivery: Delivery,
): PluginInstance {
  const formats = createFormats(conf, env)
  const bodies = createBodyCollector(conf, formats)
  const makeEntry = delivery.makeEntry ?? defaultEntry
  const toEntry = (ctx: Exchange, read: Bodies): Entry => {
    const format = formats.own()
    if (format) return formattedEntry(ctx, read, format)
    const entry = makeEntry(ctx, read)
    const extra = formats.extra()
    if (!extra) return entry
    // An entry of a form of its own keeps its members, as in APISIX.
    return delivery.makeEntry ? { ...extra.make(ctx, read), ...entry } : Object.assign(entry, extra.make(ctx, read))
  }
  const toText = delivery.toText ?? ((entry: Entry) => JSON.stringify(entry))
  const makeText = delivery.makeText ?? ((ctx: Exchange, read: Bodies) => toText(toEntry(ctx, read), ctx))
  const queue = createQueue(conf, env, delivery)
  return {
    ...bodies.phases,
    log(ctx) {
      queue.add(makeText(ctx, bodies.read(ctx)))
    },
    async close() {
      await queue.close()
      await delivery.close?.()
    },
  }
}

/** A batch as JSON: the entry itself when batches have one, else a list. */
export function toJson(batch: string[], batchMaxSize: number | undefined): string {
  return batchMaxSize === 1 ? (batch[0] as string) : `[${batch.join(',')}]`
}

/** A queue as the batch fields describe it, which reports what is lost. */
export function createQueue<E extends string | Buffer = string>(
  conf: BatchConf | Waits,
  env: PluginEnv,
  delivery: Pick<Delivery<E>, Exclude<keyof Delivery, 'toText' | 'makeText' | 'makeEntry' | 'close'>>,
): BatchQueue<E> {
  const batch = conf as BatchConf
  const waits = conf as Partial<Waits>
  const name = conf.name ?? ''
  const { kind, id } = env.owner
  const gauge = env.metrics.gauge('apisix_batch_process_entries', 'batch process remaining entries', [
    'name',
    'route_id',
    'server_addr',
  ])
  const slot = gauge.slot([name, kind === 'routes' ? id : `${kind}/${id}`, ''])
  const report = lossReporter(name, env)
  return new BatchQueue<E>({
    batchSize: batch.batch_max_size ?? 1000,
    batchCharacters: delivery.batchCharacters ?? Number.POSITIVE_INFINITY,
    inactiveMs: waits.inactiveMs ?? (batch.inactive_timeout ?? 5) * 1000,
    maxAgeMs: waits.maxAgeMs ?? (batch.buffer_duration ?? 60) * 1000,
    maxRetries: batch.max_retry_count ?? 0,
    retryDelayMs: (batch.retry_delay ?? 1) * 1000,
    concurrency: delivery.concurrency ?? 1,
    maxPendingEntries: () =>
      delivery.maxPendingEntries ?? (env.metadata()?.max_pending_entries as number | undefined) ?? MAX_PENDING_ENTRIES,
    maxPendingCharacters: delivery.maxPendingCharacters ?? MAX_PENDING_CHARACTERS,
    deliver: delivery.deliver,
    onDropped: report,
    onRetry: (error) => env.log.warn({ err: error, logger: name }, 'log entries were not taken; they are sent again'),
    onPending: (change) => env.metrics.add(slot, change),
  })
}

/** Counts what is lost and logs it: the first loss at once, later ones together. */
function lossReporter(name: string, env: PluginEnv): (entries: number, reason: string | Error) => void {
  let lost = 0
  let reportedAt = Number.NEGATIVE_INFINITY
  return (entries, reason) => {
    lost += entries
    const now = env.now()
    if (now - reportedAt < REPORT_MS) return
    const { kind, id } = env.owner
    const fields = reason instanceof Error ? { err: reason } : { reason }
    env.log.error({ ...fields, logger: name, entries: lost, owner: `${kind}/${id}` }, 'log entries were dropped')
    reportedAt = now
    lost = 0
  }
}

function createFormats(conf: EntryConf, env: PluginEnv): Formats {
  const own = conf.log_format && compileFormat(conf.log_format)
  const ownExtra = toFormat(conf.log_format_extra)
  const shared = remembered()
  const sharedExtra = remembered()
  return {
    own: () => own ?? shared(env.metadata()?.log_format),
    extra: () => ownExtra ?? sharedExtra(env.metadata()?.log_format_extra),
  }
}

/** Compiles again only when the object is another one: metadata may change at any time. */
function remembered(): (format: unknown) => Format | undefined {
  let from: unknown
  let compiled: Format | undefined
  return (format) => {
    if (format !== from) {
      from = format
      compiled = toFormat(format)
    }
    return compiled
  }
}

function toFormat(format: unknown): Format | undefined {
  const written = format as Record<string, unknown> | undefined
  return written && Object.keys(written).length > 0 ? compileFormat(written) : undefined
}
