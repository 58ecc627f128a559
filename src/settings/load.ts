// Reads the settings: defaults, then the file, then the environment, then the flags; the later one wins. Each source is taken apart into
// values at paths, laid over the one before, and the whole is checked once against the schema. All problems are reported together.

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { isObject } from '../lib/is-object.ts'
import { messageOf } from '../lib/message-of.ts'
import { nearest } from '../lib/nearest.ts'
import { describeFileError } from '../lib/system-error.ts'
import { checkSettings } from './check.ts'
import { FIELDS, type Field } from './fields.ts'
import type { Settings } from './schema.ts'

const USUAL_FILE = 'gateward.yaml'
const MAX_FILE_BYTES = 1_048_576

/** What `loadSettings` reads from. */
export interface SettingsInput {
  /** Flags without the program's name: `--gateway-http 127.0.0.1:9080` or `--gateway-http=...`. */
  argv: string[]
  env: { [name: string]: string | undefined }
  cwd: string
  /** The command's own flags without their dashes, taken out before: one of them may be meant by a flag that is not known. */
  flags?: string[]
}

/** Settings and, by path such as `gateway.http`, where each one that is not a default comes from. */
export interface LoadedSettings {
  settings: Settings
  sources: Map<string, string>
}

/** The settings are wrong; the message has one line for each problem: where, what was found, what is expected. */
export class SettingsError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.name = 'SettingsError'
    this.problems = problems
  }
}

interface Reading {
  tree: { [name: string]: unknown }
  sources: Map<string, string>
  problems: string[]
}

/** Reads, checks and completes the settings; throws a SettingsError. The data directory comes out absolute. */
export function loadSettings({ argv, env, cwd, flags: own = [] }: SettingsInput): LoadedSettings {
  const reading: Reading = { tree: {}, sources: new Map(), problems: [] }
  const flags = readFlags(argv, own, reading)
  const named = flags.get('--config') ?? env.GATEWARD_CONFIG
  readFile(named, cwd, reading)
  readEnvironment(env, reading)
  for (const field of FIELDS) {
    const value = field.flag === undefined ? undefined : flags.get(field.flag)
    if (value !== undefined) setText(reading, field, value, field.flag as string)
  }
  const problems = [...reading.problems, ...checkSettings(reading.tree, reading.sources, named ?? USUAL_FILE)]
  if (problems.length > 0) throw new SettingsError(problems)
  const settings = reading.tree as Settings
  settings.data_dir = resolve(cwd, settings.data_dir)
  return { settings, sources: reading.sources }
}

function readFlags(argv: string[], own: string[], reading: Reading): Map<string, string> {
  const known = new Set(['--config', ...FIELDS.flatMap((field) => field.flag ?? [])])
  const flags = new Map<string, string>()
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] as string
    const equals = argument.indexOf('=')
    const name = equals < 0 ? argument : argument.slice(0, equals)
    if (!known.has(name)) {
      reading.problems.push(
        name.startsWith('-')
          ? unknown('command line', name, [...known, ...own.map((flag) => `--${flag}`)], 'no flag')
          : `command line: found ${name}, expected a flag such as --data-dir`,
      )
      // What follows an unknown flag is most likely its value.
      if (equals < 0 && argv[index + 1]?.startsWith('--') === false) index += 1
      continue
    }
    if (equals < 0) index += 1
    const value = equals < 0 ? argv[index] : argument.slice(equals + 1)
    if (value === undefined) reading.problems.push(`${name}: found nothing after it, expected a value`)
    else flags.set(name, value)
  }
  return flags
}

function readFile(named: string | undefined, cwd: string, reading: Reading): void {
  const file = resolve(cwd, named ?? USUAL_FILE)
  if (named === undefined && !existsSync(file)) return
  const label = named ?? USUAL_FILE
  try {
    const text = readFileSync(file, 'utf8')
    if (text.length > MAX_FILE_BYTES) throw new Error(`the file has more than ${MAX_FILE_BYTES} bytes`)
    const document = parseDocument(text)
    if (document.errors[0]) throw document.errors[0]
    const tree = document.toJS({ maxAliasCount: 100 }) ?? {}
    if (typeof tree !== 'object' || Array.isArray(tree))
      throw new Error('found no map at its top, expected `gateway:`, ...')
    if (isCircular(tree)) throw new Error('an alias (*name) stands within what it names')
    reading.tree = withoutNulls(tree)
  } catch (error) {
    const said = describeFileError(error as NodeJS.ErrnoException, label)
    if (said !== undefined) return void reading.problems.push(said)
    // A YAML error goes on with an excerpt of the file, which may hold secrets.
    const [reason = ''] = messageOf(error).split('\n')
    reading.problems.push(`${label}: reading it: ${reason.replace(/:$/, '')}`)
  }
  for (const { path, schema } of FIELDS) {
    const value = getAt(reading.tree, path)
    if (value === undefined) continue
    reading.sources.set(path.join('.'), label)
    if (schema.type === 'array' && typeof value === 'string') setAt(reading.tree, path, [value])
  }
}

function isCircular(tree: object): boolean {
  try {
    JSON.stringify(tree)
    return false
  } catch {
    return true
  }
}

/** `admin:` without anything below it is an empty section, not a wrong value. */
function withoutNulls(tree: object): { [name: string]: unknown } {
  const entries = Object.entries(tree).filter(([, value]) => value !== null)
  return Object.fromEntries(entries.map(([name, value]) => [name, isObject(value) ? withoutNulls(value) : value]))
}

function readEnvironment(env: SettingsInput['env'], reading: Reading): void {
  const byVariable = new Map(FIELDS.flatMap((field) => (field.variable ? [[field.variable, field] as const] : [])))
  const foreign = variablesNamedIn(reading.tree)
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith('GATEWARD_') || name === 'GATEWARD_CONFIG' || foreign.has(name)) continue
    const field = byVariable.get(name)
    if (!field) reading.problems.push(unknown('environment', name, byVariable.keys()))
    // An empty variable is an unset one, except that an empty list means "nowhere".
    else if (value !== undefined && (value !== '' || field.schema.type === 'array'))
      setText(reading, field, value, name)
  }
}

/** Variables that `key_env` and its like name may be called as the user likes. */
function variablesNamedIn(tree: unknown): Set<string> {
  const names = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [name, member] of Object.entries(value)) {
      if (name.endsWith('_env') && typeof member === 'string') names.add(member)
      else visit(member)
    }
  }
  visit(tree)
  return names
}

function setText(reading: Reading, { path, schema }: Field, value: string, source: string): void {
  setAt(reading.tree, path, toValue(schema.type, value))
  reading.sources.set(path.join('.'), source)
}

/** Text of a variable or flag as the field's type; text that does not fit stays text, and the check refuses it. */
function toValue(type: string | undefined, value: string): unknown {
  if (type === 'integer' && /^-?\d{1,16}$/.test(value)) return Number(value)
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  if (type !== 'array') return value
  const parts = value.split(',').map((part) => part.trim())
  return parts.filter((part) => part !== '')
}

function unknown(where: string, name: string, known: Iterable<string>, what = 'not a setting'): string {
  const meant = nearest(name, known)
  return `${where}: ${name} is ${what}${meant ? `: did you mean ${meant}?` : ': see docs/settings.md'}`
}

function getAt(tree: unknown, path: string[]): unknown {
  let value = tree
  for (const part of path) value = isObject(value) && Object.hasOwn(value, part) ? value[part] : undefined
  return value
}

/** Sets a value; something in the way that is no map stays, for the check to refuse. */
function setAt(tree: { [name: string]: unknown }, path: string[], value: unknown): void {
  let map = tree
  for (const part of path.slice(0, -1)) {
    map[part] ??= {}
    const next = map[part]
    if (!isObject(next)) return
    map = next
  }
  map[path.at(-1) as string] = value
}
