// From a wish to a plan: the routes that it is about are looked up, and what it needs to know of them.
import { type Intent, OF_ALL_ROUTES, OF_UPSTREAMS } from '../../operations/intents/index.ts'
import { WHERE } from './asking.ts'
import { nearestExamples } from './examples.ts'
import { lastIntents } from './follow-up.ts'
import type { Said, Step } from './interpreter.ts'
import { mentioned, type Named } from './names.ts'
import { lastRoute, lastRoutes, lastTool, type ToolResult } from './said-before.ts'
import type { Command } from './sentences/command.ts'
import { hintFor } from './sentences/hints.ts'
import { needsRoute } from './sentences/index.ts'
import { alsoNamed, notUnderstood, prefixOf, type Row, searchFor, servedBy, whichRoutes } from './which-route.ts'
import { wholeMoves, withMethods } from './with-rows.ts'

export function planStep(command: Extract<Command, { type: 'plan' }>, said: Said): Step {
  const { sentence, prompt, rows, names } = said
  const { route, rest = [] } = command
  const alone = command.intents.find((one) => one.consumer !== undefined && /^limit/.test(one.do))
  if (alone && rest.length && (rest.some((one) => names.some(({ id }) => id === one)) || /\broutes?\b/i.test(sentence)))
    return {
      unclear: `${SEVERAL_WAYS} "Limit consumer ${alone.consumer} to ..." counts all of its calls, on every route.`,
    }
  if (route === 'none' || route === 'all' || 'id' in route) {
    if (rest.length) return misheard(rest, sentence)
    const also = names.length && typeof route === 'object' && rows ? alsoNamed(route.id, sentence, rows) : undefined
    if (also) return { unclear: also }
    if (route === 'none') return { tool: 'plan', input: { intents: command.intents } }
    return planIntents(command, [route === 'all' ? '*' : route.id])
  }
  const last = lastRoute(prompt)
  const mentioned = 'words' in route && route.pronoun && !rest.length ? lastRoutes(prompt) : []
  if (mentioned.length) return planIntents(command, mentioned.slice(0, 1), mentioned)
  if (!rows)
    return {
      tool: 'look',
      input: { kind: 'routes', ...searchFor(route, rest, sentence) },
    }
  if (command.orElse?.type === 'plan' && 'path' in route && !servedBy(route.path, rows).length)
    return planStep(command.orElse, said)
  const pool = upstreamOf(command.intents, sentence, names, rest)
  if (pool) return { tool: 'plan', input: { intents: command.intents.map((one) => ({ ...one, upstream: pool })) } }
  const path = command.intents.flatMap((one) => (one.do === 'rewrite' ? [String(one.from)] : []))[0]
  const upstream = command.intents.every((one) => LEADING.has(one.do))
  const meant = whichRoutes({ sentence, route, rest, last, path, upstream }, rows)
  if ('ids' in meant) {
    const whole = withMethods(wholeMoves(command, meant.ids, rows), meant.ids, rows)
    return typeof whole === 'string' ? { unclear: whole } : planIntents(whole, meant.ids)
  }
  if (command.intents.some((one) => one.do === 'chat_api')) return { unclear: addressAsked(rows) }
  return rest.length ? misheard(rest, sentence, meant.unclear) : { unclear: meant.unclear }
}

const SEVERAL_WAYS = 'A limit is one of a route, for all who call it, or one of a consumer, so nothing was done.'

/** Wishes that an upstream's name may stand for the routes of. */
const LEADING: ReadonlySet<string> = new Set([...OF_UPSTREAMS, 'lead_to'])

/** The one upstream that a sentence names, and no route. */
function upstreamOf(
  intents: readonly Intent[],
  sentence: string,
  names: readonly Named[],
  rest: readonly string[],
): string | undefined {
  if (!intents.every((one) => OF_UPSTREAMS.has(one.do))) return undefined
  const [one, ...more] = mentioned(sentence, names)
  const heard = rest.every((word) => word.toLowerCase() === one?.id.toLowerCase())
  return one?.kind === 'upstreams' && !more.length && heard ? one.id : undefined
}

function addressAsked(rows: readonly Row[]): string {
  const known = rows.map((row) => row.id)
  const route = known.length
    ? `, or the route that leads to it: "Let the chat use route ${known[0]}"; there are: ${known.join(', ')}`
    : ''
  return `${WHERE} Say its address, such as http://127.0.0.1:8080${route}.`
}

function misheard(rest: readonly string[], sentence: string, unclear = notUnderstood(rest).unclear): Step {
  const hint = hintFor(sentence.toLowerCase())
  return { unclear: `${unclear}${hint === undefined ? '' : ` ${hint}`}\n${nearestExamples(sentence)}` }
}

export function deleteStep({ kind, what }: Extract<Command, { type: 'delete' }>, { prompt, rows, last }: Said): Step {
  if (what === 'last') {
    const mentioned = lastRoute(prompt)
    if (lastTool(prompt) === 'apply' && !lastIntents(prompt).some((one) => one.do === 'publish' || one.do === 'copy'))
      return {
        unclear: `Do you mean what was done last ("Undo"), or the route${mentioned ? ` ("Delete route ${mentioned}")` : ''}?`,
      }
    return mentioned ? planDelete(kind, [mentioned]) : { unclear: 'Say which one: for example "Delete route NAME".' }
  }
  if ('ids' in what) {
    const [sni, ...more] = kind === 'ssls' ? what.ids : []
    return sni?.includes('.') && !more.length ? deleteCertificate(sni, last) : planDelete(kind, what.ids)
  }
  if (!rows) return { tool: 'look', input: { kind: 'routes', search: prefixOf(what.path) } }
  const found = servedBy(what.path, rows)
  if (found.length === 1) return planDelete(kind, [(found[0] as Row).id])
  const serving = found.map((row) => row.id).join(' and ')
  return {
    unclear: found.length
      ? `${serving} serve ${what.path}: name the one to delete.`
      : `I find no such route: none serves ${what.path}.`,
  }
}

/** A certificate is known by the hosts that it is for. */
function deleteCertificate(sni: string, last: ToolResult | undefined): Step {
  if (last?.value.kind !== 'ssls') return { tool: 'look', input: { kind: 'ssls', search: sni } }
  const found = (last.value.rows ?? []) as Row[]
  if (found.length === 1) return planDelete('ssls', [(found[0] as Row).id])
  return {
    unclear: found.length
      ? `Several certificates are for ${sni}: say which, as in "Delete ssl ${found[0]?.id}".`
      : `I find no certificate for ${sni}.`,
  }
}

/** `all`: the routes that a guard or a limit is about, where they are more. */
function planIntents(
  command: Extract<Command, { type: 'plan' }>,
  routes: readonly string[],
  all: readonly string[] = routes,
): Step {
  const bound = command.intents.filter((intent) => needsRoute(intent))
  const free = command.intents.filter((intent) => !needsRoute(intent))
  const wide = bound.filter((one) => OF_ALL_ROUTES.has(one.do))
  const others = bound.filter((one) => !OF_ALL_ROUTES.has(one.do))
  const on = (intents: typeof bound, ids: readonly string[]): object[] =>
    ids.flatMap((route) => intents.map((one) => ({ ...one, route })))
  return { tool: 'plan', input: { intents: [...free, ...on(wide, all), ...on(others, routes)] } }
}

function planDelete(kind: string, ids: readonly string[]): Step {
  return { tool: 'plan', input: { changes: ids.map((id) => ({ action: 'delete', kind, id })) } }
}
