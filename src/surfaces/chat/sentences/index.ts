// The common sentences, understood without a model: a sentence becomes a command, several wishes about one route become one plan. Deliberately
// predictable: it is cut into wishes, each wish is understood by one topic or by none, and when one is not understood nothing is done.
import { accessRecognisers } from './access.ts'
import { type Clause, pathsIn, type Recogniser, spanIn, toClause, toClauses, type Understood } from './clause.ts'
import type { Command, RouteReference } from './command.ts'
import { leftOver } from './left-over.ts'
import { limitRecognisers } from './limits.ts'
import { parseExplain, parseHistory, parseLint, parseLook, parseTraffic } from './look.ts'
import { messageRecognisers } from './messages.ts'
import { firstRecognisers, publishRecognisers } from './publish.ts'
import { upstreamRecognisers } from './upstreams.ts'
import { corrected } from './vocabulary.ts'
import { parseConfirm, parseDelete, parseFollowUp, parseImport, parsePromote, parseUndo } from './whole.ts'

/** In order: the first that understands a wish has it. */
const RECOGNISERS: readonly Recogniser[] = [
  ...firstRecognisers,
  ...upstreamRecognisers,
  ...messageRecognisers,
  ...limitRecognisers,
  ...accessRecognisers,
  ...publishRecognisers,
]

/** A longer one is no sentence, and would cost time. */
export const MAX_SENTENCE_CHARS = 2000

const POLITE =
  /^(?:please|pls|plz|now|then|ok(?:ay)?|hey|hi|hello|so|and|also|well|just|kindly|(?:can|could|would|will) (?:you|u|we)(?: please| pls| just)?|i(?:'d| would)? (?:want|like|need)(?: you)? to|let's|lets|go ahead and)[,:]? (?=\S)/i

/** Understands one sentence. `names`: of routes, so that none is taken for a slip of the pen. */
export function parseSentence(sentence: string, names: readonly string[] = []): Command {
  if (sentence.length > MAX_SENTENCE_CHARS)
    return { type: 'unknown', hint: `A sentence has at most ${MAX_SENTENCE_CHARS} characters.` }
  const flat = sentence
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[.!]+$/, '')
  const { text, polite } = withoutManners(flat)
  const asked = !polite && isQuestion(text)
  const command = understand(corrected(text, names), asked)
  return asked && CHANGING.includes(command.type) ? { type: 'unknown', hint: 'A question changes nothing.' } : command
}

const CHANGING = ['plan', 'delete', 'undo', 'confirm', 'fix', 'import', 'promote', 'instead', 'repeat']

/** `polite`: the sentence asks for something, even if it ends as a question. */
function withoutManners(sentence: string): { text: string; polite: boolean } {
  let text = sentence
  let polite = false
  for (let before = ''; before !== text; ) {
    before = text
    polite ||= /^(?:can|could|would|will) (?:you|u|we)\b/i.test(text)
    text = text.replace(POLITE, '')
  }
  text = text.replace(/,? (?:please|pls|plz|thanks|thx|thank you)(?=\?*$)/i, '')
  return { text: polite ? text.replace(/\?+$/, '').trim() : text.trim(), polite }
}

/** A question of the person's is never a wish: `should I delete it?` */
function isQuestion(text: string): boolean {
  return (
    /\?$/.test(text) ||
    /^(?:how|does|is|are|am|was|were|should|would|can|may|could|why|what|which|who|when|where|did|has|have|will)\b/i.test(
      text,
    )
  )
}

function understand(text: string, asked: boolean): Command {
  const lower = text.toLowerCase()
  if (/^(?:help|\?$|what can (?:you|i) (?:do|say))/.test(lower)) return { type: 'help' }
  return (
    parseUndo(lower) ??
    parseConfirm(lower) ??
    parseHistory(text, lower) ??
    parsePromote(text, lower) ??
    parseImport(text, lower) ??
    parseLint(text, lower) ??
    parseTraffic(text, lower) ??
    parseExplain(text, lower) ??
    parseDelete(text, lower) ??
    parseLook(text, lower, asked) ??
    parseFollowUp(text) ??
    parsePlan(text, lower)
  )
}

const CONFIRM =
  /,?\s*(?:\band\s+|\bbut\s+)?\b(?:(?:roll(?:ed)?|take|taken|undo)\s+(?:it\s+|that\s+)?(?:back\s+)?(?:after|in|within)\s+(.*?)\s+unless (?:i |it is |we )?confirm(?:ed)?|(?:for|try it for|on trial for)\s+(.*?)\s+unless (?:i |it is |we )?confirm(?:ed)?)$/i

function parsePlan(text: string, lower: string): Command {
  const trial = CONFIRM.exec(text)
  const seconds = trial ? spanIn((trial[1] ?? trial[2] ?? '').toLowerCase()) : undefined
  const wishes = toClauses(trial ? text.slice(0, trial.index) : text)
  const understood: { clause: Clause; one: Understood }[] = []
  for (const clause of wishes) {
    const one = recognise(clause)
    if (one) understood.push({ clause, one })
    else if (!isReference(clause)) return { type: 'unknown', ...(wishes.length > 1 ? { piece: clause.text } : {}) }
  }
  if (!understood.length) return { type: 'unknown' }
  const intents = understood.flatMap(({ one }) => [one.intent, ...(one.more ?? [])])
  const own = understood.flatMap(({ one }) => one.own ?? [])
  const route = routeOf(text, lower, intents, own)
  const said =
    typeof route === 'object'
      ? Object.values(route)
          .flat()
          .map((one) => String(one).toLowerCase())
      : []
  const rest = understood.flatMap(({ clause, one }) => leftOver(clause, one, { route, published: intents }))
  const unsaid = [...new Set(rest)].filter((one) => 'words' in Object(route) || !said.includes(one.toLowerCase()))
  return {
    type: 'plan',
    intents,
    route,
    ...(seconds === undefined ? {} : { confirmSeconds: Math.round(seconds) }),
    ...(unsaid.length ? { rest: unsaid } : {}),
  }
}

function recognise(clause: Clause): Understood | undefined {
  for (const recogniser of RECOGNISERS) {
    const found = recogniser(clause)
    if (found)
      return 'intent' in found && typeof found.intent === 'object'
        ? (found as Understood)
        : { intent: found as Understood['intent'] }
  }
  return undefined
}

/** `on route orders`: a piece that only says which route. */
function isReference({ lower }: Clause): boolean {
  return /^(?:on|for|of|in)\s+(?:the\s+)?(?:route\s+)?[\w./*-]+(?:\s+route)?$/.test(lower)
}

/** Whether an intent is about a route that is there. */
export function needsRoute({ do: name, url }: { do: string; url?: unknown }): boolean {
  return !(['publish', 'add_consumer', 'new_key'].includes(name) || (name === 'chat_api' && url !== undefined))
}

function routeOf(
  text: string,
  lower: string,
  intents: { do: string; path?: unknown; url?: unknown }[],
  own: string[],
): RouteReference {
  if (intents.some((one) => one.do === 'publish' || (one.do === 'chat_api' && one.url !== undefined))) return 'none'
  if (
    intents.every((one) => !needsRoute(one) || ((one.do === 'mock' || one.do === 'redirect') && one.path !== undefined))
  )
    return 'none'
  const path = pathsIn(text).find((one) => !own.includes(one))
  if (path) return { path }
  if (
    /\b(?:all|every|each) (?:the )?(?:routes?|requests?|apis?)\b|\b(?:everywhere|globally|gateway[- ]wide|for the whole gateway|on everything)\b/.test(
      lower,
    )
  )
    return 'all'
  const id =
    /\broute\s+(?:called\s+|named\s+)?["'`]?([\w.-]+)["'`]?/i.exec(text)?.[1] ??
    /["'`]?([\w.-]+)["'`]?\s+route\b/i.exec(text)?.[1]
  if (
    id &&
    !/^(?:and|with|to|for|that|it|this|the|every|each|all|a|on|from|in|at|by|my|is|which|whole|new|only|requests?|traffic|calls?|everything)$/i.test(
      id,
    )
  )
    return { id }
  return { words: wordsOf(text), pronoun: /\b(?:it|this|that|there)\b/.test(lower) }
}

function wordsOf(text: string): string[] {
  return [...new Set(toClause(text).lower.match(/[a-z0-9][\w.-]*/g) ?? [])]
}
