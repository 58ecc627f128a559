// The common sentences, understood without a model: a sentence becomes a command, several wishes about one route become one plan. Deliberately
// predictable: it is cut into wishes, each wish is understood by one topic or by none, and when one is not understood nothing is done.
import { accessRecognisers } from './access.ts'
import {
  type Clause,
  namesIn,
  pathsIn,
  type Recogniser,
  spanIn,
  toClause,
  toClauses,
  toDigits,
  type Understood,
  unitOf,
  urlIn,
} from './clause.ts'
import type { Command, RouteReference } from './command.ts'
import { leftOver } from './left-over.ts'
import { limitRecognisers } from './limits.ts'
import { idAfter, kindIn, parseExplain, parseHistory, parseLint, parseLook, parseTraffic } from './look.ts'
import { messageRecognisers } from './messages.ts'
import { firstRecognisers, publishRecognisers } from './publish.ts'
import { upstreamRecognisers } from './upstreams.ts'
import { corrected, isKnown } from './vocabulary.ts'

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

const UNDO =
  /^(?:undo|revert|reverse|roll(?: (?:it|that|this))? back|rollback|take (?:it|that|this|the last change) back|go back|cancel (?:that|the last change))\b(?! (?:after|unless|in)\b)/
const UNDO_HINT =
  'I take back the last change ("undo") or the one that you name ("undo change-1a2b3c4d"); "history" shows them.'

/** What is to be taken back is the last change or one with its id: anything else that is named is not guessed at. */
function parseUndo(lower: string): Command | undefined {
  const said = UNDO.exec(lower)?.[0]
  if (said === undefined || /\b(?:canary|split|new version|old version)\b/.test(lower)) return undefined
  const what = lower
    .slice(said.length)
    .replace(/\b(?:it|that|this|the|last|latest|change|one|again|now|to before)\b/g, ' ')
    .trim()
  const id = /^change-[0-9a-f]+$/.exec(/\bchange-[0-9a-f]+\b/.exec(lower)?.[0] ?? '')?.[0]
  return id !== undefined || what === '' ? { type: 'undo', id } : { type: 'unknown', hint: UNDO_HINT }
}

const CONFIRMED =
  /\b(?:confirm(?:ed)?|keep|make|it|that|this|the|change|last|permanent|works|everything|now|for good|for ever|forever|as it is|like that|then|so)\b|,/g

function parseConfirm(lower: string): Command | undefined {
  if (!/^(?:confirm|keep (?:it|that|this|the change)|make it permanent|it works,? keep)\b/.test(lower)) return undefined
  const id = /\bchange-[0-9a-f]+\b/.exec(lower)?.[0]
  const rest = lower
    .replace(/\bchange-[0-9a-f]+\b/, ' ')
    .replace(CONFIRMED, ' ')
    .trim()
  return rest === '' ? { type: 'confirm', id } : undefined
}

/** What would be passed over: an import and a promotion take all. */
const CONDITION = /\b(?:without|except|but|only|if|unless|not|don't)\b/

function parsePromote(text: string, lower: string): Command | undefined {
  const found =
    /^(?:promote|copy|carry|bring)\s+(.*?)\s*(?:from\s+(?:target\s+)?([\w-]+)\s+)?\bto\s+(?:target\s+)?([\w-]+)$/i.exec(
      text,
    )
  const kind = found ? (kindIn(lower) ?? 'routes') : undefined
  if (!found || !kind || /\bnew version\b|\bcanary\b/.test(lower) || CONDITION.test(lower)) return undefined
  const id =
    idAfter(kind, found[1] as string) ??
    /^(?:the\s+)?["'`]?([\w.-]+)["'`]?(?:\s+route)?$/i.exec(found[1] as string)?.[1]
  return {
    type: 'promote',
    kind,
    id: id && !/^(?:it|all|everything|routes?|services?)$/i.test(id) ? id : undefined,
    from: found[2],
    to: found[3] as string,
  }
}

function parseImport(text: string, lower: string): Command | undefined {
  if (
    !/\b(?:import|publish|load|add|create|read|expose|put|use)\b/.test(lower) ||
    !/\b(?:openapi|swagger|open api|api document|api description|specification|spec)\b|\.(?:json|ya?ml)\b/.test(lower)
  )
    return undefined
  if (/\b(?:chat|mcp|model|assistant|agents?)\b/.test(lower) || CONDITION.test(lower)) return undefined
  const urls = [...text.matchAll(/https?:\/\/[^\s,;"'`]+/gi)].map((one) => one[0].replace(/[.,;]+$/, ''))
  const [source] = urls
  if (!source) return undefined
  const [prefix] = pathsIn(text)
  return { type: 'import', source, server: urls[1], prefix: prefix?.replace(/\/?\*$/, '') }
}

/** One thing that is named, or several of one kind; what else is said about it is not passed over. */
function parseDelete(text: string, lower: string): Command | undefined {
  const verb = /^(?:delete|remove|drop|get rid of)\s+/.exec(lower)?.[0]
  if (verb === undefined || /\b(?:all|every|each|everything|everybody)\b/.test(lower) || urlIn(text))
    return verb &&
      /^(?:all|every|each|everything)\b/.test(lower.slice(verb.length)) &&
      !/\b(?:from|on|of)\b/.test(lower.slice(verb.length))
      ? { type: 'unknown', hint: 'I delete what you name: "Delete route NAME", "Delete consumers NAME and NAME".' }
      : undefined
  const rest = text.slice(verb.length).trim()
  if (/^(?:it|this|that|(?:this|that|the) (?:route|one))$/i.test(rest))
    return { type: 'delete', kind: 'routes', what: 'last' }
  const kind = kindIn(lower)
  const path = /^(?:the\s+)?(?:routes?\s+)?(?:for|at|on|to|of|that serves?|serving)?\s*(\/\S*)(?:\s+route)?$/i.exec(
    rest,
  )?.[1]
  if (path !== undefined && (kind === undefined || kind === 'routes'))
    return { type: 'delete', kind: 'routes', what: { path } }
  const said = kind === undefined ? rest : rest.replace(NAME_OF_KIND, ' ')
  const ids = namesIn(said.replace(NAME_OF_KIND, ' ').trim()).map((one) =>
    one.replace(/^(?:the|called|named)\s+/i, '').trim(),
  )
  if (
    ids.length &&
    ids.every((one) => /^[\w.-]+(?:\/[\w.-]+)?$/.test(one)) &&
    (kind || !ids.some((one) => isTopic(one)))
  )
    return { type: 'delete', kind: kind ?? 'routes', what: { ids } }
  return undefined
}

const NAME_OF_KIND =
  /(?:^|\s)(?:the\s+)?(?:routes?|consumer[ _-]groups?|consumers?|upstreams?|services?|global[ _-]rules?|plugin[ _-]configs?|certificates?|ssls?|stream[ _-]routes?|protos?|secrets?)(?=\s|$)/gi

/** `remove cors` is about a plugin of a route. */
function isTopic(word: string): boolean {
  return isKnown(word.toLowerCase())
}

/** `make it 10 instead`, `the same for /orders`. */
function parseFollowUp(text: string): Command | undefined {
  const lower = toDigits(text.toLowerCase())
  const number =
    /^(?:no,?\s+|rather\s+|better\s+)*(?:(?:make|change|set|let)\s+(?:it|that|this)(?:\s+be)?(?:\s+to)?\s+)?(\d+(?:\.\d+)?)\s*(%|percent|s|secs?|seconds?|m|mins?|minutes?|h|hours?|ms)?(?:\s+(?:instead|rather|please|then))*$/.exec(
      lower,
    )
  if (number && /[a-z]/.test(lower.replace(/\d+\s*\w*$/, '')))
    return {
      type: 'instead',
      number: Number(number[1]),
      seconds: number[2] && !/^(?:%|percent)$/.test(number[2]) ? Number(number[1]) * unitOf(number[2]) : undefined,
    }
  const same =
    /^(?:do\s+)?(?:the\s+)?(?:same|also|too|likewise)(?:\s+thing)?\s+(?:for|on|with|to)\s+(.+?)(?:\s+too)?$/i.exec(
      text,
    ) ?? /^(?:and\s+|do\s+(?:it|that)\s+)?(?:also\s+)?(?:for|on)\s+(.+?)(?:\s+(?:too|as well))?$/i.exec(text)
  if (!same) return undefined
  const about = same[1] as string
  const [path] = pathsIn(about)
  const id = /^(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?(?:\s+route)?$/i.exec(about)?.[1]
  if (path) return { type: 'repeat', route: { path } }
  if (/^(?:all|every|each) routes?$/i.test(about)) return { type: 'repeat', route: 'all' }
  return id ? { type: 'repeat', route: { id } } : undefined
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
