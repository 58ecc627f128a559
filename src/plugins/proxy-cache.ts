// Answers from kept responses instead of asking the upstream again. Zones in memory are shared by all threads, zones on disk by everything
// that shares the directory; both forget the oldest when they are full.
//
// A response is kept as the upstream sent it, before other plugins changed it: they change each answer anew, also one from the cache. The
// key begins with the route, the version of the configuration, the scheme and, unless `consumer_isolation` says otherwise, with who asks.
// Decisions about freshness are in lib/cache-control.ts and lib/cache-freshness.ts, keeping in lib/cache-recorder.ts.
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type PluginInstance, type Reply } from '../gateway/plugin.ts'
import { variable } from '../gateway/variables.ts'
import { type CacheBook, openBook } from '../lib/cache-book.ts'
import { clientHas, type Directives, parseDirectives } from '../lib/cache-control.ts'
import { DiskCache } from '../lib/cache-disk.ts'
import type { CacheEntry } from '../lib/cache-entry.ts'
import { freshnessOf } from '../lib/cache-freshness.ts'
import { MemoryCache } from '../lib/cache-memory.ts'
import { beginRecording, type Recording } from '../lib/cache-recorder.ts'
import { after, type CacheStore, type Later } from '../lib/cache-store.ts'
import { readZones, type Zone } from '../lib/cache-zones.ts'
import { oneOfTexts } from '../lib/schema-types.ts'

const term = () => Type.String({ pattern: '(^[^\\$].+$|^\\$[0-9a-zA-Z_]+$)' })

const schema = Type.Object({
  cache_strategy: oneOfTexts(['disk', 'memory'], {
    title: 'Strategy',
    description: 'where responses are kept',
    default: 'disk',
    examples: ['memory'],
  }),
  cache_zone: Type.String({
    title: 'Zone',
    description: 'a zone of the settings (`plugins.attr.proxy-cache.zones`) that fits the strategy',
    minLength: 1,
    maxLength: 100,
    default: 'disk_cache_one',
    examples: ['memory_cache'],
  }),
  cache_key: Type.Array(term(), {
    title: 'Key',
    description: 'texts and `$variables`: requests for which these are equal get one response',
    minItems: 1,
    default: ['$host', '$request_uri'],
    examples: [['$host', '$uri', '$arg_page']],
  }),
  cache_http_status: Type.Array(Type.Integer({ minimum: 200, maximum: 599 }), {
    title: 'Statuses',
    description: 'statuses of responses that are kept; not 206 and 304, which are parts of others',
    minItems: 1,
    uniqueItems: true,
    default: [200, 301, 404],
    examples: [[200]],
  }),
  cache_method: Type.Array(oneOfTexts(['GET', 'POST', 'HEAD'], {}), {
    title: 'Methods',
    description: 'methods whose responses are kept',
    minItems: 1,
    uniqueItems: true,
    default: ['GET', 'HEAD'],
    examples: [['GET']],
  }),
  hide_cache_headers: Type.Boolean({
    title: 'Hide cache headers',
    description: 'take Expires and Cache-Control away from answers',
    default: false,
    examples: [true],
  }),
  cache_control: Type.Boolean({
    title: 'Follow Cache-Control',
    description:
      "let the client's Cache-Control decide, and the upstream's how long: without one nothing is kept; only in memory",
    default: false,
    examples: [true],
  }),
  cache_bypass: Type.Optional(
    Type.Array(term(), {
      title: 'Bypass',
      description: 'when one of these is neither empty nor `0`, the upstream is asked',
      minItems: 1,
      examples: [['$arg_bypass']],
    }),
  ),
  no_cache: Type.Optional(
    Type.Array(term(), {
      title: 'Do not keep',
      description: 'when one of these is neither empty nor `0`, the response is not kept',
      minItems: 1,
      examples: [['$arg_no_cache']],
    }),
  ),
  cache_ttl: Type.Integer({
    title: 'Lifetime',
    description:
      'seconds that a response is kept in memory; on disk it is the setting `plugins.attr.proxy-cache.cache_ttl`',
    minimum: 1,
    default: 300,
    examples: [60],
  }),
  consumer_isolation: Type.Boolean({
    title: 'Consumer isolation',
    description: 'keep responses apart by who asks: consumer, else Authorization; needless when the key names them',
    default: true,
    examples: [false],
  }),
  cache_set_cookie: Type.Boolean({
    title: 'Keep cookies',
    description: 'keep responses with Set-Cookie too: everybody then gets the same cookie',
    default: false,
    examples: [true],
  }),
  max_resp_body_size: Type.Integer({
    title: 'Largest body',
    description: 'bytes of a body that is kept; a larger one passes through',
    minimum: 1,
    default: 67_108_864,
    examples: [1_048_576],
  }),
})
type CacheConf = Static<typeof schema>

const CONSUMERS = ['$consumer_name', '$consumer_group_id']
const AUTHORIZATION = '$http_authorization'
const SCHEMES = ['http', 'https']
/** A partial or an unchanged response means nothing to somebody who has not asked for it. */
const NOT_WHOLE = [206, 304]

/** What a plugin's answer gets that has no type of its own: a kept response must not. */
const REPLY_TYPE = 'text/plain; charset=utf-8'

/** What is known of a request from access on. */
interface Lookup {
  status: 'MISS' | 'HIT' | 'EXPIRED' | 'STALE' | 'BYPASS'
  /** Undefined: the response is not kept. */
  key: string | undefined
  /** The upstream's fields as they came. */
  headers: string[] | undefined
  recording: Recording | undefined
  /** What is answered from the cache came without a Content-Type. */
  untyped: boolean
  /** The upstream is asked by GET in the place of HEAD. */
  asGet: boolean
}

export default definePlugin<CacheConf>({
  name: 'proxy-cache',
  version: 0.2,
  priority: 1085,
  schema: Type.Partial(schema),
  checkAttr: (attr) => void readZones(attr),
  sharedMemory(attr) {
    const zones = [...readZones(attr).values()].filter((zone) => zone.kind === 'memory')
    return Object.fromEntries(zones.map(({ name, bytes }) => [name, bytes]))
  },
  check(conf, kind, attr) {
    if (kind !== 'plugin') return
    const { cache_strategy: strategy = 'disk', cache_zone: name = 'disk_cache_one' } = conf
    const zone = readZones(attr).get(name)
    if (!zone) throw new Error(`cache_zone ${name} not found`)
    if (zone.kind !== strategy) throw new Error(`invalid or empty cache_zone for cache_strategy: ${strategy}`)
    if (conf.cache_key?.includes('$request_method')) throw new Error('cache_key variable $request_method unsupported')
    const partial = conf.cache_http_status?.find((status) => NOT_WHOLE.includes(status))
    if (partial !== undefined)
      throw new Error(`property "cache_http_status" cannot hold ${partial}: it is no whole response`)
  },
  setup(conf, env) {
    const zone = readZones(env.attr).get(conf.cache_zone)
    if (!zone) throw new Error(`there is no cache zone ${conf.cache_zone} in the settings`)
    return new ProxyCache(conf, zone, env)
  },
})

class ProxyCache implements PluginInstance {
  readonly #conf: CacheConf
  readonly #zone: Zone
  readonly #env: PluginEnv
  readonly #book: CacheBook

  constructor(conf: CacheConf, zone: Zone, env: PluginEnv) {
    this.#conf = conf
    this.#zone = zone
    this.#env = env
    this.#book = openBook(openStore(zone, env))
  }

  access(ctx: Exchange): Reply | undefined | Promise<Reply | undefined> {
    const { method } = ctx.request
    if (method === 'PURGE') return this.#purge(ctx)
    const lookup: Lookup = {
      status: 'MISS',
      key: undefined,
      headers: undefined,
      recording: undefined,
      untyped: false,
      asGet: false,
    }
    ctx.set(this, lookup)
    if (!this.#conf.cache_method.includes(method as 'GET')) {
      if (this.#zone.kind === 'disk') lookup.status = 'BYPASS'
      return undefined
    }
    const asked = this.#asked(ctx)
    if (!asked.has('no-store')) lookup.key = this.#key(ctx, method, ctx.request.scheme)
    ctx.onHead = () => {
      lookup.headers = [...ctx.response.headers.list]
    }
    if (asked.has('no-store') || asked.has('no-cache') || anySet(ctx, this.#conf.cache_bypass)) {
      lookup.status = 'BYPASS'
      // On disk the answer renews what is kept, as nginx has it; APISIX's memory keeps the old one.
      if (this.#zone.kind === 'memory') lookup.key = undefined
      return undefined
    }
    const found = this.#book.find(lookup.key as string, (name) => ctx.request.headers.getAll(name).join(', '))
    return after(found, (entry) => this.#use(ctx, lookup, entry, asked))
  }

  /** On disk, as nginx has it: what answers HEAD is asked for by GET, so that it can be kept. For everybody else it stays HEAD. */
  before_proxy(ctx: Exchange): undefined {
    const lookup = ctx.get<Lookup>(this)
    if (this.#zone.kind !== 'disk' || lookup?.key === undefined || ctx.request.method !== 'HEAD') return
    // A range is of GET alone, and what will not be kept need not come.
    if (isOnlyFor(ctx, 206) || anySet(ctx, this.#conf.no_cache)) return
    lookup.asGet = true
    ctx.request.method = 'GET'
  }

  header_filter(ctx: Exchange): void {
    const lookup = ctx.get<Lookup>(this)
    if (!lookup) return
    if (lookup.asGet) ctx.request.method = 'HEAD'
    const { response } = ctx
    if (lookup.status !== 'HIT') lookup.recording = this.#record(ctx, lookup)
    response.headers.set('Apisix-Cache-Status', lookup.status)
    ctx.setVar('upstream_cache_status', lookup.status)
    if (lookup.untyped && response.headers.get('content-type') === REPLY_TYPE) response.headers.remove('content-type')
    if (!this.#conf.hide_cache_headers) return
    response.headers.remove('expires')
    response.headers.remove('cache-control')
  }

  body_filter(ctx: Exchange, chunk: Buffer, last: boolean): Buffer {
    const lookup = ctx.get<Lookup>(this)
    if (lookup?.recording && !lookup.recording.take(chunk, last)) lookup.recording = undefined
    return chunk
  }

  log(ctx: Exchange): void {
    const lookup = ctx.get<Lookup>(this)
    if (lookup?.asGet) ctx.request.method = 'HEAD'
    lookup?.recording?.drop()
  }

  #asked(ctx: Exchange): Directives {
    const follows = this.#conf.cache_control && this.#zone.kind === 'memory'
    return parseDirectives(follows ? ctx.request.headers.get('cache-control') : undefined)
  }

  #use(ctx: Exchange, lookup: Lookup, entry: CacheEntry | undefined, asked: Directives): Reply | undefined {
    const now = this.#env.now()
    lookup.status = entry ? freshnessOf(entry, asked, now) : 'MISS'
    if (!entry || lookup.status !== 'HIT') return asked.has('only-if-cached') ? { status: 504 } : undefined
    const reply = this.#reply(ctx, entry, now)
    lookup.untyped = !entry.headers.some((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-type')
    return reply
  }

  #reply(ctx: Exchange, entry: CacheEntry, now: number): Reply {
    const headers: [string, string][] = []
    for (let i = 0; i < entry.headers.length; i += 2)
      headers.push([entry.headers[i] as string, entry.headers[i + 1] as string])
    const read = (name: string): string | undefined => headers.find(([one]) => one.toLowerCase() === name)?.[1]
    if (this.#zone.kind === 'memory')
      headers.push(['Age', String(entry.ageSeconds + Math.floor((now - entry.storedAt) / 1000))])
    if (entry.status === 200 && clientHas((name) => ctx.request.headers.get(name), read))
      return { status: 304, headers }
    return { status: entry.status, headers, body: entry.body }
  }

  #purge(ctx: Exchange): Later<Reply> {
    const keys = SCHEMES.flatMap((scheme) => ['GET', 'POST'].map((method) => this.#key(ctx, method, scheme)))
    const removed = keys.map((key) => this.#book.remove(key))
    const answer = (found: boolean[]): Reply => ({ status: found.includes(true) ? 200 : 404 })
    return removed.some((one) => one instanceof Promise)
      ? Promise.all(removed).then(answer)
      : answer(removed as boolean[])
  }

  /** HEAD is answered from what GET has left. */
  #key(ctx: Exchange, method: string, scheme: string): string {
    const { owner } = this.#env
    const place = [ctx.route?.id ?? '', owner.kind, owner.id, owner.version, method === 'POST' ? 'POST' : 'GET']
    // The upstream sees the port that the client has put into Host, and may answer with it.
    const terms = this.#conf.cache_key.map((term) =>
      term === '$host' ? ctx.request.authority.toLowerCase() : termValue(ctx, term),
    )
    return JSON.stringify([...place, scheme, this.#identity(ctx), ...terms])
  }

  /** The consumer, else what the client authorises itself with; nothing that the key names itself. */
  #identity(ctx: Exchange): string {
    const { cache_key: key, consumer_isolation: isolated } = this.#conf
    if (!isolated) return ''
    if (ctx.consumer) return key.some((term) => CONSUMERS.includes(term)) ? '' : `consumer ${ctx.consumer.username}`
    return key.includes(AUTHORIZATION) ? '' : (ctx.request.headers.get('authorization') ?? '')
  }

  #record(ctx: Exchange, lookup: Lookup): Recording | undefined {
    const { key } = lookup
    if (key === undefined || (ctx.request.method === 'HEAD' && !lookup.asGet) || anySet(ctx, this.#conf.no_cache))
      return undefined
    const { status, source, headers } = ctx.response
    if (isOnlyFor(ctx, status)) return undefined
    const failed = source === 'gateway' && this.#zone.kind === 'disk' && ctx.upstreamTries.length > 0
    const kept = source === 'upstream' ? this.#conf.cache_http_status : failed ? [502, 504] : []
    if (!kept.includes(status)) return undefined
    return beginRecording({
      status,
      headers: lookup.headers ?? [...headers.list],
      now: this.#env.now(),
      maxBytes: this.#conf.max_resp_body_size,
      keepCookies: this.#conf.cache_set_cookie,
      ttlMs: this.#defaultTtlMs(),
      originDecides: this.#zone.kind === 'disk' || this.#conf.cache_control,
      keep: (entry) => this.#book.keep(key, entry, (name) => ctx.request.headers.getAll(name).join(', ')),
    })
  }

  /** How long a response is kept of which its origin says nothing: in memory not at all when Cache-Control is followed. */
  #defaultTtlMs(): number {
    if (this.#zone.kind === 'disk') return this.#zone.ttlMs
    return this.#conf.cache_control ? 0 : this.#conf.cache_ttl * 1000
  }
}

/** True when what no key holds may have made the response: the body of a GET, or a range that there is not. */
function isOnlyFor({ request }: Exchange, status: number): boolean {
  if (request.method !== 'POST' && request.body.length !== 0) return true
  return status !== 200 && request.headers.has('range')
}

/** The upstream sees a path as it was sent and may answer `/a/../b` otherwise than `/b`: the key has it as it was sent too. */
function termValue(ctx: Exchange, term: string): string {
  if (!term.startsWith('$')) return term
  const name = term === '$request_uri' ? 'real_request_uri' : term.slice(1)
  return String(variable(ctx, name) ?? '')
}

function anySet(ctx: Exchange, terms: readonly string[] | undefined): boolean {
  return terms?.some((term) => !['', '0'].includes(termValue(ctx, term))) ?? false
}

/** One for each directory in a thread: values on their way to their files are found by every route. */
const disks = new Map<string, DiskCache>()

function openStore(zone: Zone, env: PluginEnv): CacheStore {
  if (zone.kind === 'memory') return new MemoryCache(env.memory(zone.name) as SharedArrayBuffer)
  const directory = zone.path ?? join(env.dataDir, 'cache', zone.name)
  const open =
    disks.get(directory) ??
    new DiskCache({
      directory,
      maxBytes: zone.bytes,
      levels: zone.levels,
      onTrouble: (error) => env.log.error({ err: error, zone: zone.name }, 'a cache on disk cannot be written'),
    })
  disks.set(directory, open)
  return open
}
