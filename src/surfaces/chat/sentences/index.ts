// The common sentences, understood without a model: a sentence becomes a command, several wishes about one route become one plan. Deliberately
// predictable: it is cut into wishes, each wish is understood by one topic or by none, and when one is not understood nothing is done.
import { accessRecognisers } from './access.ts'
import { type Clause, pathsIn, type Recogniser, spanIn, toClause, toClauses, type Understood, urlIn } from './clause.ts'
import type { Command, RouteReference } from './command.ts'
import { limitRecognisers } from './limits.ts'
import { idAfter, kindIn, parseExplain, parseHistory, parseLint, parseLook, parseTraffic } from './look.ts'
import { messageRecognisers } from './messages.ts'
import { firstRecognisers, publishRecognisers } from './publish.ts'
import { upstreamRecognisers } from './upstreams.ts'

/** In order: the first that understands a wish has it. */
const RECOGNISERS: readonly Recogniser[] = [
  ...firstRecognisers,
  ...upstreamRecognisers,
  ...messageRecognisers,
  ...limitRecognisers,
  ...accessRecognisers,
  ...publishRecognisers,
]

/** Understands one sentence. */
export function parseSentence(sentence: string): Command {
  const text = sentence
    .trim()
    .replace(/[.!]+$/, '')
    .replace(/\s+/g, ' ')
    .replace(
      /^(?:please|now|then|ok(?:ay)?|hey|hi|so|and|also|can you|could you|would you|i want(?: you)? to|i'd like(?: you)? to|let's)[,]? (?=\w)/i,
      '',
    )
    .replace(/^(?:please) /i, '')
    .replace(/,? please$/i, '')
    .replace(/, thanks?(?: you)?$/i, '')
  const lower = text.toLowerCase()
  if (/^(?:help|\?|what can (?:you|i) (?:do|say))/.test(lower)) return { type: 'help' }
  return (
    parseUndo(lower) ??
    parseConfirm(lower) ??
    parseHistory(lower) ??
    parsePromote(text, lower) ??
    parseImport(text, lower) ??
    parseLint(text, lower) ??
    parseTraffic(text, lower) ??
    parseExplain(text, lower) ??
    parseDelete(text, lower) ??
    parseLook(text, lower) ??
    parsePlan(text, lower)
  )
}

function parseUndo(lower: string): Command | undefined {
  if (
    !/^(?:undo|revert|roll (?:it |that |this )?back(?! (?:after|unless|in))|rollback|take (?:it|that|this|the last change) back|go back|cancel (?:that|the last change)|reverse (?:that|it))\b/.test(
      lower,
    )
  )
    return undefined
  return { type: 'undo', id: /\bchange-[0-9a-f]+\b/.exec(lower)?.[0] }
}

function parseConfirm(lower: string): Command | undefined {
  if (!/^(?:confirm|keep (?:it|that|this|the change)|make it permanent|it works,? keep)\b/.test(lower)) return undefined
  return { type: 'confirm', id: /\bchange-[0-9a-f]+\b/.exec(lower)?.[0] }
}

function parsePromote(text: string, lower: string): Command | undefined {
  const found =
    /^(?:promote|copy|carry|bring)\s+(.*?)\s*(?:from\s+(?:target\s+)?([\w-]+)\s+)?\bto\s+(?:target\s+)?([\w-]+)$/i.exec(
      text,
    )
  const kind = found ? (kindIn(lower) ?? 'routes') : undefined
  if (!found || !kind || /\bnew version\b|\bcanary\b/.test(lower)) return undefined
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
  if (/\b(?:chat|mcp|model|assistant|agents?)\b/.test(lower)) return undefined
  const urls = [...text.matchAll(/https?:\/\/[^\s,;"'`]+/gi)].map((one) => one[0].replace(/[.,;]+$/, ''))
  const [source] = urls
  if (!source) return undefined
  const [prefix] = pathsIn(text)
  return { type: 'import', source, server: urls[1], prefix: prefix?.replace(/\/?\*$/, '') }
}

function parseDelete(text: string, lower: string): Command | undefined {
  if (!/^(?:delete|remove|drop|get rid of)\b/.test(lower)) return undefined
  const kind = kindIn(lower) ?? (/^\w+(?: of)? (?:it|this|that)$/.test(lower) ? 'routes' : undefined)
  if (!kind) return undefined
  const what = lower
    .replace(/^get rid of /, '')
    .replace(/\b(?:routes?|consumers?|upstreams?|services?|global rules?|certificates?)\b.*$/, '')
  if (
    /\b(?:from|on|of|off|in)\s+(?:the\s+)?$|\b(?:plugin|limit|key|auth\w*|cors|metrics|cache|header|node|mock|redirect|prefix|rewrite|canary|split)\b/.test(
      what,
    ) ||
    urlIn(text)
  )
    return undefined
  const reversed =
    /^(?:delete|remove|drop|get rid of)\s+(?:the\s+)?["'`]?([\w.-]+)["'`]?\s+(?:routes?|consumers?|upstreams?|services?)$/i.exec(
      text,
    )?.[1]
  const id = idAfter(kind, text) ?? (reversed && !/^(?:the|this|that|all)$/i.test(reversed) ? reversed : undefined)
  return { type: 'delete', kind, id }
}

const CONFIRM =
  /,?\s*(?:\band\s+|\bbut\s+)?\b(?:(?:roll(?:ed)?|take|taken|undo)\s+(?:it\s+|that\s+)?(?:back\s+)?(?:after|in|within)\s+(.*?)\s+unless (?:i |it is |we )?confirm(?:ed)?|(?:for|try it for|on trial for)\s+(.*?)\s+unless (?:i |it is |we )?confirm(?:ed)?)$/i

function parsePlan(text: string, lower: string): Command {
  const trial = CONFIRM.exec(text)
  const seconds = trial ? spanIn((trial[1] ?? trial[2] ?? '').toLowerCase()) : undefined
  const wishes = toClauses(trial ? text.slice(0, trial.index) : text)
  const understood: Understood[] = []
  for (const clause of wishes) {
    const one = recognise(clause)
    if (one) understood.push(one)
    else if (!isReference(clause)) return { type: 'unknown', ...(wishes.length > 1 ? { piece: clause.text } : {}) }
  }
  if (!understood.length) return { type: 'unknown' }
  const intents = understood.map((one) => one.intent)
  const own = understood.flatMap((one) => one.own ?? [])
  return {
    type: 'plan',
    intents,
    route: routeOf(text, lower, intents, own),
    ...(seconds === undefined ? {} : { confirmSeconds: Math.round(seconds) }),
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
  if (intents.some((one) => one.do === 'publish')) return 'none'
  if (
    intents.every((one) => !needsRoute(one) || ((one.do === 'mock' || one.do === 'redirect') && one.path !== undefined))
  )
    return 'none'
  const path = pathsIn(text).find((one) => !own.includes(one))
  if (path) return { path }
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
  if (
    /\b(?:all|every|each) (?:the )?(?:routes?|requests?|apis?)\b|\b(?:everywhere|globally|gateway[- ]wide|for the whole gateway|on everything)\b/.test(
      lower,
    )
  )
    return 'all'
  return { words: wordsOf(text), pronoun: /\b(?:it|this|that|there)\b/.test(lower) }
}

function wordsOf(text: string): string[] {
  return [...new Set(toClause(text).lower.match(/[a-z0-9][\w.-]*/g) ?? [])]
}
