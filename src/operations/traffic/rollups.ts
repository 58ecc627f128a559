// What was counted, minute by minute, in a SQLite file: by route, consumer and upstream node, so that a restart keeps it and days can be asked about.
//
// A span is the time between two moments with what was counted in it. After a day the spans of an hour become one, after a week they go. Of one
// span only the busiest combinations are kept apart. Sums are made by SQLite: a week of a busy gateway is hundreds of thousands of rows.
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { add, type Counts, requestsIn } from './counts.ts'

const HOUR_MS = 3_600_000
/** How long minutes are kept apart: the last day, and the hour that is not over. */
const MINUTES_KEPT_MS = 25 * HOUR_MS
const OLDEST_MS = 7 * 24 * HOUR_MS
/** Combinations of a span that are kept apart; the others are counted together as `(others)`. */
const MAX_SERIES = 100
const MAX_LABEL_CHARS = 200
/** Spans of all targets: some 30 targets for a week. */
const MAX_SPANS = 50_000
const OTHERS = '(others)'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS spans (id INTEGER PRIMARY KEY, target TEXT NOT NULL, at INTEGER NOT NULL, seconds REAL NOT NULL);
  CREATE INDEX IF NOT EXISTS spans_at ON spans (target, at);
  CREATE TABLE IF NOT EXISTS counts (span INTEGER NOT NULL REFERENCES spans (id) ON DELETE CASCADE, route TEXT NOT NULL, consumer TEXT NOT NULL, upstream TEXT NOT NULL,
    codes TEXT NOT NULL, latency TEXT NOT NULL, bytes_in REAL NOT NULL, bytes_out REAL NOT NULL, PRIMARY KEY (span, route, consumer, upstream)) WITHOUT ROWID;
`

/** Which counts are asked for; all when absent. */
export interface About {
  routes?: readonly string[]
  consumer?: string
}

export interface Span {
  /** Its end, in milliseconds since 1970. */
  at: number
  seconds: number
  counts: Counts[]
}

type Row = Record<string, unknown>

export class Rollups {
  readonly #db: DatabaseSync
  #nextCleanUp = 0
  /** Why the last span could not be kept; undefined when it was. */
  trouble: string | undefined

  /** Opens or creates `traffic.db` in the directory; `:memory:` keeps everything in memory. */
  constructor(directory: string) {
    const file = directory === ':memory:' ? directory : join(directory, 'traffic.db')
    this.#db = new DatabaseSync(file)
    if (file !== ':memory:') chmodSync(file, 0o600)
    this.#db.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 500; PRAGMA foreign_keys = ON',
    )
    this.#db.exec(SCHEMA)
  }

  /** Keeps what was counted in the `seconds` before `at`. A disk that refuses makes `trouble`, no failure: traffic is still measured. */
  add(target: string, at: number, seconds: number, counts: readonly Counts[]): void {
    try {
      this.#write(() => {
        this.#insert(target, at, seconds, busiest(counts.map(toKept)))
        if (at >= this.#nextCleanUp) this.#cleanUp(at)
      })
      this.trouble = undefined
    } catch (error) {
      this.trouble = `keeping the traffic in traffic.db: ${(error as Error).message}`
    }
  }

  /** What was counted since a time, by one label; what is summed over has an empty one. */
  sum(target: string, since: number, by: 'route' | 'consumer' | 'upstream', about: About = {}): Counts[] {
    const found = this.#grouped(`c.${by}`, target, since, about)
    return [...found].map(([name, counts]) => ({ ...counts, [by]: name }))
  }

  /** At most about `max` points of what was counted since a time, oldest first. */
  over(target: string, since: number, until: number, max: number, about: About = {}): Span[] {
    const step = Math.max(60_000, Math.ceil((until - since) / max))
    const found = this.#grouped(`CAST(s.at / ${step} AS INTEGER)`, target, since, about)
    const spans = this.#db
      .prepare(
        `SELECT CAST(at / ${step} AS INTEGER) AS name, MAX(at) AS at, SUM(seconds) AS seconds FROM spans WHERE target = ? AND at > ? GROUP BY 1 ORDER BY 1`,
      )
      .all(target, since)
    return spans.map((one) => {
      const counts = found.get(String(one.name))
      return { at: Number(one.at), seconds: Number(one.seconds), counts: counts ? [counts] : [] }
    })
  }

  /** Seconds that were measured since a time. */
  seconds(target: string, since: number): number {
    const row = this.#db.prepare('SELECT SUM(seconds) AS sum FROM spans WHERE target = ? AND at > ?').get(target, since)
    return Number(row?.sum ?? 0)
  }

  close(): void {
    this.#db.close()
  }

  #grouped(key: string, target: string, since: number, { routes, consumer }: About): Map<string, Counts> {
    const from = 'FROM spans s JOIN counts c ON c.span = s.id'
    const where = `WHERE s.target = ?1 AND s.at > ?2 AND (?3 IS NULL OR c.consumer = ?3) AND (?4 IS NULL OR c.route IN (SELECT value FROM json_each(?4)))`
    const values = [target, since, consumer ?? null, routes ? JSON.stringify(routes) : null]
    const all = (what: string, more = '', also = ''): Row[] =>
      this.#db.prepare(`SELECT ${key} AS name, ${what} ${from}${more} ${where} GROUP BY 1${also}`).all(...values)
    const groups = new Map<string, Counts>()
    for (const { name, bytes_in, bytes_out } of all('SUM(bytes_in) AS bytes_in, SUM(bytes_out) AS bytes_out'))
      groups.set(String(name), { ...empty(), bytesIn: Number(bytes_in), bytesOut: Number(bytes_out) })
    for (const { name, code, sum } of all('j.key AS code, SUM(j.value) AS sum', ', json_each(c.codes) j', ', 2'))
      groups.get(String(name))?.codes.set(String(code), Number(sum))
    for (const { name, bound, sum } of all('j.key AS bound, SUM(j.value) AS sum', ', json_each(c.latency) j', ', 2'))
      groups.get(String(name))?.latency.set(Number(bound), Number(sum))
    for (const one of groups.values()) one.latency = cumulative(one.latency)
    return groups
  }

  #insert(target: string, at: number, seconds: number, counts: readonly Counts[]): void {
    const span = this.#db
      .prepare('INSERT INTO spans (target, at, seconds) VALUES (?, ?, ?)')
      .run(target, at, seconds).lastInsertRowid
    const insert = this.#db.prepare('INSERT INTO counts VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    for (const one of counts) {
      const [codes, latency] = [toJson(one.codes), toJson(one.latency)]
      insert.run(span, one.route, one.consumer, one.upstream, codes, latency, one.bytesIn, one.bytesOut)
    }
  }

  /** Makes hours of the minutes of more than a day ago, and forgets what is too old. */
  #cleanUp(now: number): void {
    this.#nextCleanUp = now + HOUR_MS
    const hours = this.#db
      .prepare(
        `SELECT target, CAST(at / ${HOUR_MS} AS INTEGER) AS hour, COUNT(*) AS spans, MAX(at) AS at, SUM(seconds) AS seconds FROM spans WHERE at < ? GROUP BY 1, 2 HAVING spans > 1`,
      )
      .all(Math.floor((now - MINUTES_KEPT_MS) / HOUR_MS) * HOUR_MS)
    for (const { target, hour, at, seconds } of hours) {
      const [from, to] = [Number(hour) * HOUR_MS, (Number(hour) + 1) * HOUR_MS]
      const rows = this.#db
        .prepare('SELECT c.* FROM spans s JOIN counts c ON c.span = s.id WHERE s.target = ? AND s.at >= ? AND s.at < ?')
        .all(String(target), from, to)
      this.#db.prepare('DELETE FROM spans WHERE target = ? AND at >= ? AND at < ?').run(String(target), from, to)
      this.#insert(String(target), Number(at), Number(seconds), busiest(rows.map(fromRow)))
    }
    this.#db.prepare('DELETE FROM spans WHERE at < ?').run(now - OLDEST_MS)
    this.#db.prepare('DELETE FROM spans WHERE id NOT IN (SELECT id FROM spans ORDER BY at DESC LIMIT ?)').run(MAX_SPANS)
  }

  #write(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      this.#db.exec('ROLLBACK')
      throw error
    }
  }
}

function empty(): Counts {
  return { route: '', consumer: '', upstream: '', codes: new Map(), latency: new Map(), bytesIn: 0, bytesOut: 0 }
}

/** Those with requests; of too many the busiest, and the others in one. */
function busiest(counts: readonly Counts[]): Counts[] {
  const used = together(counts.filter((one) => requestsIn(one) > 0))
  if (used.length <= MAX_SERIES) return used
  const sorted = used.sort((a, b) => requestsIn(b) - requestsIn(a))
  const rest = { route: OTHERS, consumer: OTHERS, upstream: OTHERS }
  return together([
    ...sorted.slice(0, MAX_SERIES - 1),
    ...sorted.slice(MAX_SERIES - 1).map((one) => ({ ...one, ...rest })),
  ])
}

/** As it is kept: labels of bounded length, no zeros, buckets each on its own. */
function toKept(one: Counts): Counts {
  const short = (text: string): string => text.slice(0, MAX_LABEL_CHARS)
  return {
    ...one,
    route: short(one.route),
    consumer: short(one.consumer),
    upstream: short(one.upstream),
    codes: new Map([...one.codes].filter(([, number]) => number !== 0)),
    latency: single(one.latency),
  }
}

/** Counts of the same labels summed up. */
function together(counts: readonly Counts[]): Counts[] {
  const sums = new Map<string, Counts>()
  for (const one of counts) {
    const key = JSON.stringify([one.route, one.consumer, one.upstream])
    const sum = sums.get(key) ?? { ...empty(), route: one.route, consumer: one.consumer, upstream: one.upstream }
    sums.set(key, sum)
    for (const [code, number] of one.codes) add(sum.codes, code, number)
    for (const [bound, number] of one.latency) add(sum.latency, bound, number)
    sum.bytesIn += one.bytesIn
    sum.bytesOut += one.bytesOut
  }
  return [...sums.values()]
}

/** Buckets each on its own: most are empty then and need no room. An empty one stays below one that is not, for its bound is where that begins. */
function single(latency: ReadonlyMap<number, number>): Map<number, number> {
  const sorted = [...latency].sort(([a], [b]) => a - b)
  const own = sorted.map(([bound, number], i) => [bound, number - (sorted[i - 1]?.[1] ?? 0)] as const)
  return new Map(own.filter(([, number], i) => number !== 0 || (own[i + 1]?.[1] ?? 0) !== 0))
}

/** As Prometheus has them: each bucket with all below it. */
function cumulative(latency: ReadonlyMap<number, number>): Map<number, number> {
  let sum = 0
  return new Map(
    [...latency]
      .sort(([a], [b]) => a - b)
      .map(([bound, number]) => {
        sum += number
        return [bound, sum]
      }),
  )
}

function toJson(map: ReadonlyMap<string | number, number>): string {
  return JSON.stringify(Object.fromEntries(map))
}

function fromRow(row: Row): Counts {
  const members = (text: unknown): [string, number][] =>
    Object.entries(JSON.parse(String(text)) as Record<string, number>)
  return {
    route: String(row.route),
    consumer: String(row.consumer),
    upstream: String(row.upstream),
    codes: new Map(members(row.codes)),
    latency: new Map(members(row.latency).map(([bound, number]) => [Number(bound), number])),
    bytesIn: Number(row.bytes_in),
    bytesOut: Number(row.bytes_out),
  }
}
