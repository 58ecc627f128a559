// What the built-in interpreter says about a tool's result. Surfaces show the result itself (a table, a diff, a proof); this is the sentence
// beside it.

import { counted } from '../../lib/counted.ts'
import type { ShownFinding } from '../../operations/lint/contract.ts'
import type { Resource } from '../../resources/kinds.ts'
import { consumerInWords, routeInWords, upstreamInWords } from './route-in-words.ts'
import type { Topic } from './sentences/command.ts'

export function describeResult(tool: string, value: Record<string, unknown>, sentence = ''): string {
  switch (tool) {
    case 'look':
      return value.rows ? countRows(value) : shown(value)
    case 'explain':
      return value.route === null
        ? String(value.why)
        : `Route ${value.route} takes it: ${value.why}.${plugins(value.plugins as string[])}${destination(value)}`
    case 'describe_plugins':
      return `${(value.plugins as unknown[]).length === 1 ? 'One plugin' : `${(value.plugins as unknown[]).length} plugins`}.`
    case 'lint':
      return /\b(?:unused|nobody|no ?one|orphaned|left ?over|not used|nothing uses?)\b/i.test(sentence)
        ? unused(value)
        : findings(value)
    case 'traffic':
      return /\bslow/i.test(sentence) ? slowest(value) : traffic(value)
    case 'history': {
      const changes = value.changes as { at: string; by?: string }[]
      const count = changes.length
      const who = /^(?:who|when)\b/i.test(sentence) && changes[0] ? `${newest(changes[0])} ` : ''
      return count
        ? `${who}The last ${count === 1 ? 'change' : `${count} changes`}. "Undo" takes the newest back.`
        : 'Nothing of this was changed through Gateward yet.'
    }
    case 'apply':
      return `${failed(value) ? 'Applied, but not everything was proved' : 'Done'}; ${value.confirm_by ? `it takes itself back at ${String(value.confirm_by).slice(11, 19)} UTC unless you say "Confirm".` : '"Undo" takes it back.'}`
    case 'confirm':
      return 'It stays.'
    case 'undo':
      return 'Taken back.'
    case 'prove':
      return 'That is what the gateway answered.'
    default:
      return 'Done.'
  }
}

function shown({ kind, id, value, health }: Record<string, unknown>): string {
  const checked = health === undefined ? '' : ` Health: ${health}.`
  if (kind === 'routes') return `${routeInWords(String(id), value as Resource)}${checked}`
  if (kind === 'consumers') return consumerInWords(String(id), value as Resource)
  return kind === 'upstreams'
    ? `${upstreamInWords(String(id), value as Resource)}${checked}`
    : `${kind}/${id} as configured, secrets hidden.${checked}`
}

/** Rows whose summary names no such plugin. What a service, a plugin config or a global rule adds does not stand there. */
export function rowsLacking({ name, plugins }: Topic, value: Record<string, unknown>): string {
  const rows = (value.rows ?? []) as { id: string; summary: string }[]
  const found = rows.filter(({ summary }) => !plugins.test(/\[(.*?)\]/.exec(summary)?.[1] ?? ''))
  const more = value.cursor === undefined ? '' : ` Of the first ${rows.length} routes.`
  if (!found.length) return `Every route has ${name} of its own.${more}`
  return `Without ${name} of their own: ${found.map(({ id }) => id).join(', ')}.${more} A service, a plugin config or a global rule may add it: "Explain GET /..." tells.`
}

function unused(value: Record<string, unknown>): string {
  const all = value.findings as { id: string }[]
  const found = all.flatMap(({ id }) => /^unused:(.+)$/.exec(id)?.[1] ?? [])
  return found.length
    ? `Used by no route and no service: ${found.join(', ')}. "Fix unused:${found[0]}" plans to delete it.`
    : 'Everything is used.'
}

function findings(value: Record<string, unknown>): string {
  const all = value.findings as ShownFinding[]
  if (!all.length) return 'The linter finds nothing.'
  const high = all.filter((one) => one.severity === 'high').length
  const fixable = all.some((one) => one.fixable) ? ' "Fix it" plans what can be put right.' : ''
  return `${counted(Number(value.total), 'finding')}${high ? `, ${high} of them serious` : ''}. First: ${all[0]?.id}: ${all[0]?.problem}.${fixable}`
}

interface Counted {
  name?: string
  requests: number
  per_second: number
  server_errors?: number
  p95_ms?: number
}

function traffic(value: Record<string, unknown>): string {
  const [row, ...others] = value.rows as Counted[]
  const all = row && !others.length ? row : (value.all as Counted)
  if (!all.requests)
    return `No counted request in the last ${value.seconds} s. Only routes that run the plugin prometheus are counted: "Collect metrics on all routes".`
  const errors = all.server_errors ? `, ${all.server_errors} failed` : ''
  const slow = all.p95_ms === undefined ? '' : `; 95 % took at most ${all.p95_ms} ms`
  return `${all.name === undefined ? '' : `${all.name}: `}${counted(all.requests, 'request')} in ${value.seconds} s (${all.per_second}/s)${errors}${slow}.`
}

function newest({ at, by }: { at: string; by?: string }): string {
  return `Last changed ${at.slice(0, 16).replace('T', ' ')} UTC${by ? `, approved by ${by}` : ''}.`
}

/** What a person asks who finds the gateway slow. */
function slowest(value: Record<string, unknown>): string {
  const rows = (value.rows as { name: string; p95_ms?: number }[]).filter((row) => row.p95_ms !== undefined)
  if (!rows.length) return traffic(value)
  const sorted = rows.sort((a, b) => Number(b.p95_ms) - Number(a.p95_ms)).slice(0, 3)
  return `Slowest: ${sorted.map((row) => `${row.name} (95 % within ${row.p95_ms} ms)`).join(', ')}.`
}

function countRows(value: Record<string, unknown>): string {
  const total = Number(value.total)
  const name = value.kind === 'ssls' ? 'certificates' : String(value.kind).replace('_', ' ')
  if (total === 0)
    return `There are no ${name} yet.${value.kind === 'upstreams' ? ' Routes and services may hold their own: "Show all routes".' : ''}`
  return `${total} ${total === 1 ? name.replace(/s$/, '') : name}.`
}

function plugins(names: string[]): string {
  return names.length ? ` It runs ${names.join(', ')}.` : ''
}

function destination({ goes_to: where, health }: Record<string, unknown>): string {
  return where === undefined ? '' : ` It goes to ${where}${health === undefined ? '' : `: ${health}`}.`
}

/** What one request got, to who asks why it fails. */
export function answeredNow({ proof }: Record<string, unknown>): string {
  const [line] = (proof ?? []) as { request: string; found: string }[]
  return line ? ` Tried now: ${line.request} -> ${line.found}.` : ''
}

function failed(value: Record<string, unknown>): boolean {
  return ((value.proof ?? []) as { ok: boolean }[]).some((line) => !line.ok)
}
