// Sentences that are one wish as a whole: undo, confirm, promote, import, delete, and what leans on the plan before. Each parser takes the text and
// the same in lower case, and gives nothing when the sentence is about something else.
import { methodsIn, namesIn, pathsIn, urlIn, urlsIn, weightOf } from './clause.ts'
import type { Command } from './command.ts'
import { idAfter, kindIn } from './look.ts'
import { toDigits, unitOf } from './numbers.ts'
import { isKnown } from './vocabulary.ts'

const UNDO =
  /^(?:undo|revert|reverse|roll(?: (?:it|that|this))? back|rollback|take (?:it|that|this|the last change) back|take back|go back|cancel (?:that|the last change))\b(?! (?:after|unless|in)\b)/
const UNDO_HINT =
  'I take back the last change ("undo") or the one that you name ("undo change-1a2b3c4d"); "history" shows them.'

/** What is to be taken back is the last change or one with its id: anything else that is named is not guessed at. */
export function parseUndo(lower: string): Command | undefined {
  const said = UNDO.exec(lower)?.[0]
  if (said === undefined || /\b(?:canary|split|new version|old version)\b/.test(lower)) return undefined
  const what = lower
    .slice(said.length)
    .replace(/\bwhat (?:you|i|we)(?: have)?(?: just)? (?:did|done|changed)\b/, ' ')
    .replace(/\b(?:it|that|this|the|last|latest|change|one|again|now|to before)\b/g, ' ')
    .trim()
  const id = /^change-[0-9a-f]+$/.exec(/\bchange-[0-9a-f]+\b/.exec(lower)?.[0] ?? '')?.[0]
  return id !== undefined || what === '' ? { type: 'undo', id } : { type: 'unknown', hint: UNDO_HINT }
}

const CONFIRMED =
  /\b(?:confirm(?:ed)?|keep|make|it|that|this|the|change|last|permanent|works|everything|now|for good|for ever|forever|as it is|like that|then|so)\b|,/g

export function parseConfirm(lower: string): Command | undefined {
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

export function parsePromote(text: string, lower: string): Command | undefined {
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

export function parseImport(text: string, lower: string): Command | undefined {
  if (
    !/\b(?:import|publish|load|add|create|read|expose|put|use|set up|generate|build|make)\b/.test(lower) ||
    !/\b(?:openapi|swagger|open api|api document|api description|specification|spec)\b|\.(?:json|ya?ml)\b/.test(lower)
  )
    return undefined
  if (/\b(?:chat|mcp|model|assistant|agents?)\b/.test(lower) || CONDITION.test(lower)) return undefined
  const urls = [
    ...text.matchAll(
      /(?:https?:\/\/|(?<![\w/.:])(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?=(?::\d+)?\/))[^\s,;"'`]+/gi,
    ),
  ].map((one) => one[0].replace(/[.,;]+$/, '').replace(/^(?!https?:)/, 'http://'))
  const [source] = urls
  if (!source) return undefined
  const [prefix] = pathsIn(text)
  return { type: 'import', source, server: urls[1], prefix: prefix?.replace(/\/?\*$/, '') }
}

/** One thing that is named, or several of one kind; what else is said about it is not passed over. */
export function parseDelete(text: string, lower: string): Command | undefined {
  const verb =
    /^(?:delete|remove|drop|get rid of|kick out|throw (?:out|away)|erase|destroy|kill|scrap|nuke|trash)\s+/.exec(
      lower,
    )?.[0]
  if (verb === undefined || /\b(?:all|every|each|everything|everybody)\b/.test(lower) || urlIn(text))
    return verb &&
      /^(?:all|every|each|everything)\b/.test(lower.slice(verb.length)) &&
      !/\b(?:from|on|of)\b/.test(lower.slice(verb.length))
      ? { type: 'unknown', hint: 'I delete what you name: "Delete route NAME", "Delete consumers NAME and NAME".' }
      : undefined
  const rest = text
    .slice(verb.length)
    .trim()
    .replace(/,? and also /gi, ' and ')
    .replace(/\s+(?:completely|entirely|altogether|again|for good|for ever|forever|permanently)$/i, '')
  if (/^(?:it|this|that|(?:this|that|the) (?:route|one))$/i.test(rest))
    return { type: 'delete', kind: 'routes', what: 'last' }
  const person = /^(?:the\s+)?(?:users?|clients?|customers?)\s+(?=\S)|\s+(?:user|client|customer)$/i
  if (
    person.test(rest) &&
    !/\broutes?$/i.test(rest) &&
    namesIn(rest.replace(person, '')).every((one) => /^[\w-]+$/.test(one))
  )
    return { type: 'delete', kind: 'consumers', what: { ids: namesIn(rest.replace(person, '')) } }
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
    (kind || !ids.every((one) => isTopic(one)))
  )
    return { type: 'delete', kind: kind ?? 'routes', what: { ids } }
  return undefined
}

/** `create an upstream named reports with 10.0.0.1:80 and 10.0.0.2:80`, with the weights that are said. */
export function parseCreate(text: string): Command | undefined {
  if (
    !/^(?:create|add|make|set up|register|new|define)\s+(?:(?:an?|the|another|new)\s+)*(?:upstream|pool)\b/i.test(text)
  )
    return undefined
  const id =
    /\b(?:called|named|with (?:the )?(?:name|id))\s+["'`]?([\w.-]+)/i.exec(text)?.[1] ??
    /\b(?:upstream|pool)\s+["'`]?([\w.-]+)/i.exec(text)?.[1]
  const urls = urlsIn(text)
  if (!id || !urls.length || isKnown(id.toLowerCase()) || pathsIn(text).length || urls.some((one) => one.includes(id)))
    return undefined
  const schemes = new Set(urls.map((one) => new URL(one).protocol.slice(0, -1)))
  const [scheme = 'http', ...more] = schemes
  if (more.length || !/^(?:https?|grpcs?)$/.test(scheme)) return undefined
  const nodes = urls.map((one) => {
    const { host, hostname, port } = new URL(one)
    const address = port ? host : `${hostname}:${scheme.endsWith('s') ? 443 : 80}`
    return [address, weightOf(one, text) ?? 1] as const
  })
  const set = { type: 'roundrobin', ...(scheme === 'http' ? {} : { scheme }), nodes: Object.fromEntries(nodes) }
  return { type: 'create', kind: 'upstreams', id, set }
}

const NAME_OF_KIND =
  /(?:^|\s)(?:the\s+)?(?:routes?|consumer[ _-]groups?|consumers?|upstreams?|services?|global[ _-]rules?|plugin[ _-]configs?|certificates?(?: (?:of|for))?|certs?(?: (?:of|for))?|ssls?|stream[ _-]routes?|protos?|secrets?)(?=\s|$)/gi

/** `remove cors` is about a plugin of a route. */
function isTopic(word: string): boolean {
  return isKnown(word.toLowerCase())
}

const MAKES =
  '(?:(?:make|change|set|let|raise|increase|lower|reduce|bump|decrease|turn|put|switch)\\s+(?:it|that|this|the (?:limit|quota|share|timeout|ttl|cache|canary|number|percentage))(?:\\s+(?:be|up|down))?(?:\\s+to)?\\s+|to\\s+|rather\\s+|better\\s+|at\\s+|with\\s+)'
const UNIT_OF_RATE =
  '(?:\\s*(?:requests?|calls?|times?))?\\s*(?:(?:per|an?|each|every|\\/)\\s*(second|minute|hour|day|sec|min|s|m|h|d))'
const ANOTHER_NUMBER = new RegExp(
  `^(?:no,?\\s+)?${MAKES}?(\\d+(?:\\.\\d+)?)\\s*(?:(%|percent|s|secs?|seconds?|m|mins?|minutes?|h|hours?|ms|times?|requests?|calls?)|${UNIT_OF_RATE})?(?:\\s+(?:instead|rather|please|then))*$`,
)
const ANOTHER_UNIT = new RegExp(
  `^(?:no,?\\s+)?${MAKES}?(?:it\\s+)?(?:(?:per|an?|each|every)\\s+(second|minute|hour|day))(?:\\s+(?:instead|rather|please|then))*$`,
)

/** `make it 10 instead`, `10 per hour`, `per hour`, `only for POST`, `the same for /orders`. */
export function parseFollowUp(text: string): Command | undefined {
  const lower = toDigits(text.toLowerCase())
  const number = ANOTHER_NUMBER.exec(lower)
  if (number) {
    const [, count, unit, per] = number
    const timed = unit && !/^(?:%|percent|times?|requests?|calls?)$/.test(unit)
    return {
      type: 'instead',
      number: Number(count),
      seconds: timed ? Number(count) * unitOf(unit) : undefined,
      ...(per ? { per: unitOf(per) } : {}),
    }
  }
  const unit = ANOTHER_UNIT.exec(lower)?.[1]
  if (unit) return { type: 'instead', number: undefined, seconds: undefined, per: unitOf(unit) }
  const methods =
    /^(?:but\s+|and\s+)?(?:make (?:it|that)\s+)?(only|just|not)\s+(?:for|on)\s+(?:the\s+)?([A-Z]+(?:(?:,| and| or|, and) [A-Z]+)*)(?:\s+(?:requests?|calls?|method))?$/i.exec(
      text,
    )
  const said = methodsIn((methods?.[2] ?? '').toUpperCase())
  if (methods && said.length && namesIn(methods[2] as string).length === said.length)
    return { type: 'only-for', methods: said, spared: /^not$/i.test(methods[1] as string) }
  const same =
    /^(?:do\s+|apply\s+|use\s+)?(?:the\s+|exactly\s+the\s+)?(?:same|also|too|likewise|ditto)(?:\s+(?:thing|limit|rule|settings?|again))?\s+(?:for|on|with|to)\s+(.+?)(?:\s+(?:too|as well|also))?$/i.exec(
      text,
    ) ??
    /^(?:and\s+|do\s+(?:it|that|this|so)\s+)?(?:also\s+)?(?:for|on)\s+(.+?)(?:\s+(?:too|as well|also))?$/i.exec(text) ??
    /^(?:and\s+|do\s+)?(?:also\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?\s+(?:too|as well|also)$/i.exec(text)
  if (!same) return undefined
  const about = same[1] as string
  const [path] = pathsIn(about)
  const id = /^(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?(?:\s+route)?$/i.exec(about)?.[1]
  if (path) return { type: 'repeat', route: { path } }
  if (/^(?:all|every|each)(?: other)? routes?$/i.test(about)) return { type: 'repeat', route: 'all' }
  return id && !/^(?:it|this|that|all|everything)$/i.test(id) ? { type: 'repeat', route: { id } } : undefined
}
