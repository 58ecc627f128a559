// What could be said next, by what there is and what was done last.
import type { Entry } from '../../../src/surfaces/chat/entries.ts'
import type { State } from '../../../src/surfaces/console/state-api.ts'

/** Whether the target that is shown fails many requests. */
export function isFailing(state: State | undefined): boolean {
  return state?.targets[0]?.failing ?? false
}

/** Operations after which something is likely to be said; others, such as a look, do not change that. */
const TELLING = ['apply', 'undo', 'lint', 'history']

interface Situation {
  entries: Entry[]
  /** How many there are; undefined: not known yet. */
  routes: number | undefined
  /** Many requests end with a server's error. */
  failing: boolean
}

/** What was said last is not offered again. */
export function suggestions(situation: Situation): string[] {
  const last = situation.entries.findLast((one) => one.type === 'you')
  return all(situation).filter((one) => last?.type !== 'you' || one !== last.text)
}

function all({ entries, routes, failing }: Situation): string[] {
  if (routes === 0) return ['History', 'Help']
  const last = entries.findLast((one) => one.type === 'result' && TELLING.includes(one.name))
  if (last?.type === 'result' && last.value.error === undefined) {
    if (last.name === 'apply') return [...tryOut(last.value), ...protect(last.value), 'Undo', 'Show all routes']
    if (last.name === 'undo') return ['History', 'Show all routes']
    if (last.name === 'lint') return ['Fix it', 'Show all routes']
    if (last.name === 'history') return ['Undo', 'Show all routes']
  }
  if (failing) return ['How many errors in the last 5 minutes?', 'What is wrong?', 'History', 'Show all routes']
  return ['Show all routes', 'What is wrong?', 'Show the traffic of the last 5 minutes', 'History']
}

/** The request that has proved a new route. */
function tryOut({ summary, proof }: Record<string, unknown>): string[] {
  const [first] = Array.isArray(proof) ? (proof as { request?: string }[]) : []
  const path = /^GET (\/\S*)/.exec(first?.request ?? '')?.[1]
  return path !== undefined && String(summary).startsWith('create routes/') ? [`Call ${path}`] : []
}

/** A route that was just made is open to everybody. */
function protect(value: Record<string, unknown>): string[] {
  return String(value.summary).startsWith('create routes/')
    ? ['Require an API key on it and allow 5 requests a minute', 'Cache it for 5 minutes']
    : ['What is wrong?']
}
