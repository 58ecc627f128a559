// What could be said next, by what there is and what was done last.
import type { Entry } from '../../../src/surfaces/chat/entries.ts'

export function suggestions(entries: Entry[], routes: number | undefined): string[] {
  if (routes === 0) return ['History', 'Help']
  const last = entries.findLast((one) => one.type === 'result')
  if (last?.type === 'result' && last.value.error === undefined) {
    if (last.name === 'apply') return [...protect(last.value), 'Undo', 'Show all routes']
    if (last.name === 'undo') return ['History', 'Show all routes']
    if (last.name === 'lint') return ['Fix it', 'Show all routes']
    if (last.name === 'history') return ['Undo', 'Show all routes']
  }
  return ['Show all routes', 'What is wrong?', 'Show the traffic of the last 5 minutes', 'History']
}

/** A route that was just made is open to everybody. */
function protect(value: Record<string, unknown>): string[] {
  return String(value.summary).startsWith('create routes/')
    ? ['Require an API key on it and allow 5 requests a minute', 'Cache it for 5 minutes']
    : ['What is wrong?']
}
