// The zones of proxy-cache, from its settings (`plugins.attr.proxy-cache`), in the words of `proxy_cache` in APISIX's config.yaml.
import { MemoryCache } from './cache-memory.ts'
import { parseDurationMs } from './duration.ts'

/** Where responses are kept, and how many bytes of them. */
export type Zone =
  | { name: string; kind: 'memory'; bytes: number }
  | { name: string; kind: 'disk'; bytes: number; path: string | undefined; levels: number[]; ttlMs: number }

/** APISIX's zones, when the settings name none. */
const DEFAULT_ZONES = [
  { name: 'disk_cache_one', disk_size: '1G', cache_levels: '1:2' },
  { name: 'memory_cache', memory_size: '50m' },
]
const DEFAULT_TTL = '10s'
const FIELDS = new Set(['name', 'memory_size', 'disk_size', 'disk_path', 'cache_levels'])
const MAX_ZONES = 64
const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** Zones by name. Throws an Error that says which setting is wrong. */
export function readZones(attr: Record<string, unknown>): Map<string, Zone> {
  const { zones = DEFAULT_ZONES, cache_ttl: ttl = DEFAULT_TTL, ...unknown } = attr
  const [other] = Object.keys(unknown)
  if (other !== undefined) throw wrong(other, 'there is no such setting: expected cache_ttl or zones')
  if (!Array.isArray(zones) || zones.length > MAX_ZONES) throw wrong('zones', `expected a list of at most ${MAX_ZONES}`)
  const ttlMs = readDuration(ttl)
  const read = zones.map((zone, index) => readZone(zone, index, ttlMs))
  return new Map(read.map((zone) => [zone.name, zone]))
}

function readZone(zone: unknown, index: number, ttlMs: number): Zone {
  const at = `zones[${index}]`
  if (zone === null || typeof zone !== 'object') throw wrong(at, 'expected an object')
  const fields = zone as Record<string, unknown>
  const unknown = Object.keys(fields).find((name) => !FIELDS.has(name))
  if (unknown !== undefined)
    throw wrong(`${at}.${unknown}`, `there is no such setting: expected ${[...FIELDS].join(', ')}`)
  const { name, memory_size: memory, disk_size: disk, disk_path: path, cache_levels: levels } = fields
  if (typeof name !== 'string' || !/^[\w-]{1,64}$/.test(name))
    throw wrong(`${at}.name`, 'expected letters, digits, - and _')
  if (disk === undefined && path === undefined)
    return { name, kind: 'memory', bytes: Math.max(MemoryCache.MIN_BYTES, readBytes(memory, `${at}.memory_size`)) }
  if (memory !== undefined) throw wrong(`${at}.memory_size`, 'a zone on disk keeps no keys in memory here: remove it')
  if (path !== undefined && typeof path !== 'string') throw wrong(`${at}.disk_path`, 'expected the name of a directory')
  return { name, kind: 'disk', bytes: readBytes(disk, `${at}.disk_size`), path, levels: readLevels(levels, at), ttlMs }
}

/** `50m`, `1G`, or a number of bytes. */
function readBytes(written: unknown, at: string): number {
  const found = /^(\d{1,15})([kmgt]?)$/i.exec(String(written))
  if (!found) throw wrong(at, `found ${JSON.stringify(written)}, expected bytes, such as 50m or 1G`)
  return Number(found[1]) * (UNITS[(found[2] ?? '').toLowerCase()] as number)
}

function readDuration(written: unknown): number {
  const ms = parseDurationMs(written)
  if (ms === undefined) throw wrong('cache_ttl', `found ${JSON.stringify(written)}, expected a time, such as 10s`)
  return ms
}

function readLevels(written: unknown, at: string): number[] {
  if (written === undefined) return []
  if (!/^[12](:[12]){0,2}$/.test(String(written)))
    throw wrong(`${at}.cache_levels`, `found ${JSON.stringify(written)}, expected up to three of 1 and 2, such as 1:2`)
  return String(written).split(':').map(Number)
}

function wrong(path: string, what: string): Error {
  return new Error(`reading the settings plugins.attr.proxy-cache.${path}: ${what}`)
}
