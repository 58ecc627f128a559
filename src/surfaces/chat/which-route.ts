// Which routes a sentence means, among those that are there. A name that no route has is never passed over, and of two that could be meant none is
// guessed.
import { literal } from '../../lib/regex-literal.ts'
import type { RouteReference } from './sentences/command.ts'

export interface Row {
  id: string
  summary: string
}

/** Ids of the routes that are meant, or why none is. */
export type Meant = { ids: string[] } | { unclear: string }

export interface Said {
  sentence: string
  route: Exclude<RouteReference, 'all' | 'none' | { id: string }>
  /** Words that nobody understood: names, it is to be hoped. */
  rest: readonly string[]
  /** The route that the conversation was about last. */
  last: string | undefined
  /** A path that is said of requests, which may tell the route: `strip /orders`. */
  path?: string | undefined
  /** The sentence is about where requests go: an upstream's name stands for the routes that lead there. */
  upstream?: boolean
}

export function whichRoutes({ sentence, route, rest, last, path, upstream }: Said, rows: readonly Row[]): Meant {
  const known = rows.map((row) => row.id).join(', ') || 'none'
  if ('path' in route) {
    const found = servedBy(route.path, rows)
    const unheard = rest.filter((one) => !found.some((row) => row.id.toLowerCase() === one.toLowerCase()))
    if (unheard.length) return notUnderstood(unheard)
    if (found.length === 1) return { ids: [(found[0] as Row).id] }
    return found.length
      ? { unclear: `${found.map((row) => row.id).join(' and ')} both serve ${route.path}: name the route.` }
      : { unclear: `I find no such route: none serves ${route.path}. There are: ${known}.` }
  }
  const sharing = upstream ? leadingTo(rest, sentence, rows) : undefined
  if (sharing) return { ids: [sharing.id] }
  const plainly = rows.filter((row) => rest.some((one) => one.toLowerCase() === row.id.toLowerCase()))
  const beside = plainly.flatMap((row) => listedWith(row.id, sentence))
  const named = rows.filter((row) => plainly.includes(row) || beside.includes(row.id.toLowerCase()))
  const unheard = [...rest, ...beside].filter((one) => !named.some((row) => row.id.toLowerCase() === one.toLowerCase()))
  if (unheard.length)
    return unheard.length === 1 && /^[\w.-]+$/.test(unheard[0] as string) && !named.length
      ? { unclear: `I find no route ${unheard[0]}, and do not understand it otherwise, so nothing was done.` }
      : notUnderstood(unheard)
  const others = named.length
    ? rows.filter((row) => !named.includes(row) && (isSaidToo(row.id, sentence) || standsAsName(row.id, sentence)))
    : []
  if (others.length)
    return { unclear: `Which one do you mean: ${[...named, ...others].map((row) => row.id).join(' or ')}?` }
  const meant = named.length ? named : rows.filter((row) => standsAsName(row.id, sentence))
  if (meant.length === 1 || (meant.length > 1 && isList(meant, sentence))) return { ids: meant.map((row) => row.id) }
  if (meant.length) return { unclear: `Which one do you mean: ${meant.map((row) => row.id).join(' or ')}?` }
  if (last !== undefined) return { ids: [last] }
  if (rows.length === 1) return { ids: [(rows[0] as Row).id] }
  const serving = path === undefined ? [] : servedBy(path, rows)
  if (serving.length === 1) return { ids: [(serving[0] as Row).id] }
  return {
    unclear: rows.length
      ? `Which route do you mean? There are: ${known}. Say for example "... on route ${rows[0]?.id}".`
      : 'I find no such route: there are none yet.',
  }
}

/** Why a sentence that names a route is about more than it: another one is named too, or stands in a list with it. */
export function alsoNamed(id: string, sentence: string, rows: readonly Row[]): string | undefined {
  const others = rows.filter((row) => row.id !== id && (isSaidToo(row.id, sentence) || standsAsName(row.id, sentence)))
  if (others.length) return `Which one do you mean: ${[id, ...others.map((row) => row.id)].join(' or ')}?`
  const beside = listedWith(id, sentence).filter((one) => !rows.some((row) => row.id.toLowerCase() === one))
  return beside.length ? notUnderstood(beside).unclear : undefined
}

/** A route that leads to the upstream that a sentence names: what is changed there, all that lead there share. */
function leadingTo(rest: readonly string[], sentence: string, rows: readonly Row[]): Row | undefined {
  return rows.find(({ summary }) => {
    const name = /\bupstream_id (\S+)/.exec(summary)?.[1]
    if (name === undefined || rest.some((one) => one.toLowerCase() !== name.toLowerCase())) return false
    const escaped = literal(name)
    const named = `\\b(?:upstream|pool)\\s+["'\`]?${escaped}|${escaped}["'\`]?\\s+(?:upstream|pool)\\b`
    return new RegExp(named, 'i').test(sentence)
  })
}

/** What to look for among the routes: a list has an end, a path or a single name is looked for. */
export function searchFor(route: Said['route'], rest: readonly string[], sentence: string): { search?: string } {
  if ('path' in route) return { search: prefixOf(route.path) }
  return rest.length === 1 && !/,|\band\b/i.test(sentence) ? { search: rest[0] } : {}
}

export function prefixOf(path: string): string {
  return path.replace(/\/?\*?$/, '') || '/'
}

export function notUnderstood(words: readonly string[]): { unclear: string } {
  return {
    unclear: `I did not understand ${words.map((one) => JSON.stringify(one)).join(' and ')}, so nothing was done.`,
  }
}

/** Routes whose path it is; else those that serve everything below it. */
export function servedBy(path: string, rows: readonly Row[]): Row[] {
  const serving = (wanted: string): Row[] => rows.filter((row) => row.summary.split(' ').includes(wanted))
  const exact = serving(path)
  return exact.length ? exact : serving(`${path.replace(/\/?\*?$/, '')}/*`)
}

/** A word that the gateway's language has too (`users`, `health`) is a name where one is expected. */
function standsAsName(id: string, sentence: string): boolean {
  const escaped = literal(id)
  return new RegExp(
    `(?:\\b(?:on|of|off|for|from|in|protect|secure|limit|cache|disable|enable|compress|gzip|block|retry|redirect|rewrite|move|change|rename|copy|clone|duplicate|point|throttle|call|calls|use|reach|reaches|access|serve|mirror|trace|(?:gets?|goes|comes) to)|["'\`])\\s*(?:the\\s+)?${escaped}["'\`]?(?=$|[\\s,.;?])(?! keys?\\b| address| agents?\\b)|\\b(?:turn|switch|take|bring|put)\\s+(?:the\\s+)?${escaped}\\s+(?:back\\s+)?(?:on|off|down|up|offline|online|back|in|into)\\b|\\bthe\\s+${escaped}\\s+(?:backend|upstream|service|server)\\b|\\bmake\\s+(?:the\\s+)?${escaped}\\s+(?:public|private|read[ -]?only|open)\\b`,
    'i',
  ).test(sentence)
}

/** `users` in `limit orders to 5/s and users to 7/s`: another wish, about another route. */
function isSaidToo(id: string, sentence: string): boolean {
  const escaped = literal(id)
  return new RegExp(
    `(?:,|\\band|\\bbut)\\s+(?:the\\s+)?(?:route\\s+)?["'\`]?${escaped}["'\`]?\\s+(?:to|at|with|by|for|only)\\b`,
    'i',
  ).test(sentence)
}

/** What stands beside a name as another one: `users` in `on orders and users`. */
function listedWith(id: string, sentence: string): string[] {
  const escaped = literal(id)
  const name = `["'\`]?([\\w.-]+)["'\`]?`
  const after = new RegExp(
    `\\b${escaped}["'\`]?\\s*(?:,|,? and)\\s+(?:the\\s+)?(?:route\\s+)?${name}(?=$|\\s+(?:to|with|for|at|after)\\b)`,
    'i',
  )
  const before = new RegExp(
    `\\b(?:on|of|for|from|limit|protect|cache|routes)\\s+(?:the\\s+)?${name}\\s+and\\s+(?:the\\s+)?(?:route\\s+)?${escaped}\\b`,
    'i',
  )
  return [after.exec(sentence)?.[1], before.exec(sentence)?.[1]].flatMap((one) => (one ? [one.toLowerCase()] : []))
}

/** `orders and users`: nothing but `and` and commas between them. */
function isList(rows: readonly Row[], sentence: string): boolean {
  const places = rows
    .map((row) => ({ from: sentence.toLowerCase().indexOf(row.id.toLowerCase()), length: row.id.length }))
    .sort((a, b) => a.from - b.from)
  return places.slice(1).every(({ from }, i) => {
    const before = places[i] as { from: number; length: number }
    return /^["'`]?\s*(?:,|and|, and)\s*(?:the\s+)?(?:route\s+)?["'`]?$/i.test(
      sentence.slice(before.from + before.length, from),
    )
  })
}
