// The common sentences, understood without a model: a sentence becomes a command, several wishes about one route become one plan. Deliberately
// predictable: it is cut into wishes, each wish is understood by one topic or by none, and when one is not understood nothing is done.
import { type Intent, OF_UPSTREAMS } from '../../../operations/intents/index.ts'
import { accessRecognisers } from './access.ts'
import {
  asBeside,
  type Clause,
  methodsIn,
  pathsIn,
  type Recogniser,
  toClause,
  toClauses,
  type Understood,
} from './clause.ts'
import type { Command, RouteReference } from './command.ts'
import { hintFor } from './hints.ts'
import { leftOver } from './left-over.ts'
import { limitRecognisers } from './limits.ts'
import { parseExplain, parseHistory, parseLint, parseLook, parseTraffic, parseWhere } from './look.ts'
import { messageRecognisers } from './messages.ts'
import { spanIn } from './numbers.ts'
import { toPlain } from './plain.ts'
import { pluginRecognisers } from './plugins.ts'
import { allNamed, firstRecognisers, publishOf, publishRecognisers } from './publish.ts'
import { parseRelative, speaksOfMore } from './relative.ts'
import { upstreamRecognisers } from './upstreams.ts'
import { corrected, isKnown } from './vocabulary.ts'
import { parseConfirm, parseCreate, parseDelete, parseFollowUp, parseImport, parsePromote, parseUndo } from './whole.ts'

/** In order: the first that understands a wish has it. */
const RECOGNISERS: readonly Recogniser[] = [
  ...firstRecognisers,
  ...pluginRecognisers,
  ...upstreamRecognisers,
  ...messageRecognisers,
  ...limitRecognisers,
  ...accessRecognisers,
  ...publishRecognisers,
]

/** A longer one is no sentence, and would cost time. */
export const MAX_SENTENCE_CHARS = 2000

const POLITE =
  /^(?:hallo|moin|servus|guten (?:morgen|tag|abend)|bonjour|bonsoir|salut|hola|buenos d[ií]as|ciao|buongiorno|ol[aá]|hej|hei|namaste|bitte|s'il vous pla[iî]t|por favor|你好|您好|请|こんにちは|안녕하세요|привет|please to|please|pls|plz|now|then|ok(?:ay)?|hey|hi|hello|so|and|also(?! (?:serve|answer|expose|publish|make \S+ (?:available|reachable))\b)|well|just|kindly|(?:that|it|this)(?:'s| is) (?:too|way too|not) \w+(?: \w+)?(?=,)|actually|hmm+|(?:oh|wait|uh|um)(?=[, ]*,)|great|cool|perfect|nice|sorry|good morning|all right|alright|(?:there|guys|team|everyone)(?=[,!])|(?:blue[/-]green|canary|todo|task|ps|wish)(?=:)|(?:can|could|would|will) (?:you|u|we)(?: please| pls| just| also)?|(?:i|we)(?:'m| am| are) (?:wanting|trying|looking)(?: to| for)?|(?:i|we)(?:'d| would)? (?:want|like|need|wish)(?: you)?(?: to|(?= (?:a|an|the|that|\d)))|i would like|tell me (?=why\b)|let me (?=(?:see|look|know)\b)|let's|lets|go ahead and|it would be (?:nice|great|good) if you could|make sure(?: that)?|be so kind (?:and|to))[,:!]? (?=\S)/i
const THANKS =
  /[,.!;]? (?:for a (?:moment|while|bit)|to (?:test|try)(?: (?:it|this|that|things))?(?: out)?|bitte|danke|merci|gracias|grazie|谢谢|please|pls|plz|thanks|thx|ty|thank you|cheers|for me|for (?:a )?(?:tests?|testing)|right now|for now|for the moment|temporarily|asap|if possible)(?: (?:a lot|so much|very much|in advance|you))?(?=[?!. ]*$)/i
/** Asked for in the middle: `I have a spec at ..., can you import it?` */
const ASKED_FOR = /(?<=[,.;!?] )(?:can|could|would|will) (?:you|u|we)(?: please| pls)? (?=\S)/i

/** Understands one sentence. `names`: of routes, so that none is taken for a slip of the pen. */
export function parseSentence(sentence: string, names: readonly string[] = []): Command {
  if (sentence.length > MAX_SENTENCE_CHARS)
    return { type: 'unknown', hint: `A sentence has at most ${MAX_SENTENCE_CHARS} characters.` }
  if (GREETING.test(sentence.trim().toLowerCase())) return { type: 'greeting' }
  const { text: mannered, polite } = withoutManners(sentence.replace(/\s+/g, ' ').trim())
  const text = corrected(toPlain(mannered), names)
  const asked = !polite && isQuestion(text)
  const command = understand(text, asked)
  return asked && CHANGING.includes(command.type)
    ? {
        type: 'unknown',
        hint: 'A question changes nothing: say it as a wish, and it is planned and shown before anything is done.',
      }
    : command
}

/** A sentence without its manners, in the interpreter's way of writing. */
export function plainly(sentence: string): string {
  return toPlain(withoutManners(sentence.replace(/\s+/g, ' ').trim()).text)
}

const CHANGING = [
  'plan',
  'delete',
  'create',
  'undo',
  'confirm',
  'fix',
  'import',
  'promote',
  'instead',
  'only-for',
  'repeat',
  'take-back',
  'relative',
]

/** `polite`: the sentence asks for something, even if it ends as a question. */
function withoutManners(sentence: string): { text: string; polite: boolean } {
  let polite = ASKED_FOR.test(sentence)
  let text = sentence.replace(ASKED_FOR, '')
  for (let before = ''; before !== text; ) {
    before = text
    polite ||= /^(?:can|could|would|will) (?:you|u|we)\b/i.test(text)
    text = text.replace(POLITE, '').replace(THANKS, '').trim()
  }
  return { text: polite ? text.replace(/[?\s]+$/, '').trim() : text, polite }
}

/** A question of the person's is never a wish: `should I delete it?` */
export function isQuestion(text: string): boolean {
  return (
    /\?$/.test(text) ||
    /^(?:how|does|is|are|am|was|were|should|would|can|may|could|why|what|which|who|when|where|did|has|have|will)\b/i.test(
      text,
    )
  )
}

const GREETING =
  /^(?:hi|hello|hey|good (?:morning|evening|day)|thanks|thank you|thx|cheers|bye|great|cool|nice|perfect)(?: (?:there|you|a lot|so much|all))?[!.]*$/

function understand(text: string, asked: boolean): Command {
  const lower = text.toLowerCase()
  if (/^(?:help|\?$|what can (?:you|i) (?:do|say))/.test(lower)) return { type: 'help' }
  const command = commandOf(text, lower, asked)
  if (command.type !== 'unknown' || command.hint !== undefined) return command
  const hint = !asked && speaksOfMore(lower) ? BY_ITSELF : hintFor(lower)
  return hint === undefined ? command : { type: 'unknown', hint }
}

function commandOf(text: string, lower: string, asked: boolean): Command {
  return (
    parseTakeBack(text, lower) ??
    parseUndo(lower) ??
    parseConfirm(lower) ??
    parseHistory(text, lower) ??
    parsePromote(text, lower) ??
    parseImport(text, lower) ??
    (asked ? undefined : parseRelative(text)) ??
    parseLint(text, lower) ??
    parseTraffic(text, lower) ??
    parseExplain(text, lower) ??
    parseDelete(text, lower) ??
    (asked ? undefined : parseCreate(text)) ??
    parseWhere(lower) ??
    parseLook(text, lower, asked) ??
    leaning(parseFollowUp(text), text, lower) ??
    parsePlan(text, lower)
  )
}

/** `make it 50 requests a minute` may be said in full as well as of what was planned before. */
function leaning(command: Command | undefined, text: string, lower: string): Command | undefined {
  return command?.type === 'instead' ? { ...command, otherwise: parsePlan(text, lower) } : command
}

/** `remove it again`, `turn it off again`: what was done a moment ago, or else the route. */
function parseTakeBack(text: string, lower: string): Command | undefined {
  const again =
    /^(?:(?:remove|drop|delete|take|turn|switch|disable) (?:it|that|this)(?: (?:away|off|out|back|down))?|take (?:away|off|out|back) (?:it|that|this)) again$/
  if (!again.test(lower)) return undefined
  const plain = text.replace(/ again$/i, '')
  return {
    type: 'take-back',
    otherwise: parseDelete(plain, plain.toLowerCase()) ?? parsePlan(plain, plain.toLowerCase()),
  }
}

const CONFIRM =
  /,?\s*(?:\band\s+|\bbut\s+)?\b(?:(?:roll(?:ed)?|take|taken|undo)\s+(?:it\s+|that\s+)?(?:back\s+)?(?:after|in|within)\s+(.*?)\s+unless (?:i |it is |we )?confirm(?:ed)?|(?:for|try it for|on trial for)\s+(.*?)\s+unless (?:i |it is |we )?confirm(?:ed)?)$/i

function parsePlan(as: string, asLower: string, recogniseOne = recognise): Command {
  const text = withMade(as)
  const lower = text === as ? asLower : text.toLowerCase()
  const trial = CONFIRM.exec(text)
  const seconds = trial ? spanIn((trial[1] ?? trial[2] ?? '').toLowerCase()) : undefined
  const wishes = wishesOf(trial ? text.slice(0, trial.index) : text)
  const understood: { clause: Clause; one: Understood }[] = []
  const references: Clause[] = []
  for (const [at, clause] of wishes.entries()) {
    const one = recogniseOne(clause) ?? (at === 0 ? recogniseOne(asBeside(clause)) : undefined)
    if (one && ABSOLUTE.test(one.intent.do) && speaksOfMore(clause.lower)) return { type: 'unknown', hint: BY_ITSELF }
    if (one) understood.push({ clause, one })
    else if (GIVES_KEY.test(clause.lower) && understood.some((before) => before.one.intent.do === 'add_consumer'))
      continue
    else if (isReference(clause)) references.push(clause)
    else return { type: 'unknown', ...(wishes.length > 1 ? { piece: clause.text } : {}) }
  }
  if (!understood.length) return { type: 'unknown' }
  const intents = ofMadeConsumer(
    understood.flatMap(({ one }) => [one.intent, ...(one.more ?? [])]),
    lower,
  )
  const twice = intents.find((one, i) => ONCE.test(one.do) && intents.some((other, j) => j < i && other.do === one.do))
  if (twice) return { type: 'unknown', hint: 'You say two things that cannot both be: say them one after the other.' }
  const split = intents.some((one, i) =>
    intents.some((other, j) => j < i && other.do === one.do && !sameWhen(one, other)),
  )
  if (split)
    return {
      type: 'unknown',
      hint: 'Some requests this way and others that way: say them one after the other, each on a route of its own.',
    }
  const own = understood.flatMap(({ one }) => one.own ?? [])
  const route = routeOf(text, lower, intents, own)
  const said =
    typeof route === 'object'
      ? Object.values(route)
          .flat()
          .map((one) => String(one).toLowerCase())
      : []
  const rest = understood.flatMap(({ clause, one }) => leftOver(clause, one, { route, published: intents }))
  for (const clause of references)
    rest.push(...leftOver(clause, { intent: { do: 'about' } }, { route, published: intents }))
  const unsaid = [...new Set(rest)].filter((one) => 'words' in Object(route) || !said.includes(one.toLowerCase()))
  const other =
    typeof route === 'object' && 'path' in route && intents.some((one) => NEEDS_ADDRESS.test(one.do))
      ? parsePlan(text, lower, (clause) => publishOf(clause) ?? recognise(clause))
      : undefined
  return {
    type: 'plan',
    intents,
    route,
    ...(other?.type === 'plan' && other.intents.some((one) => one.do === 'publish') ? { orElse: other } : {}),
    ...(seconds === undefined ? {} : { confirmSeconds: Math.round(seconds) }),
    ...(unsaid.length ? { rest: unsaid } : {}),
  }
}

/** `add a consumer dave with 100 calls a day`: the limit is his, where no route is spoken of. */
function ofMadeConsumer(intents: Intent[], lower: string): Intent[] {
  const consumer = intents.find((one) => one.do === 'add_consumer')?.consumer
  if (consumer === undefined || /\b(?:routes?|on|per|each|every)\b|\//.test(lower)) return intents
  return intents.map((one) => (/^limit/.test(one.do) ? { ...one, consumer } : one))
}

/** Wishes whose number is the new one. */
const ABSOLUTE = /^(?:limit|limit_rate|limit_concurrency|timeouts|retry|cache)$/
const BY_ITSELF =
  'More or less than now is a sentence of its own: "Double the limit of route orders", "Raise the timeout of route orders by 5 seconds".'

/** A plugin of a route runs under one condition. */
function sameWhen(one: { when?: unknown }, other: { when?: unknown }): boolean {
  return JSON.stringify(one.when) === JSON.stringify(other.when)
}

/** Of these the second would undo the first. */
const ONCE =
  /^(?:split|finish_split|lead_to|only_methods|cache|retry|limit_rate|limit_concurrency|mock|redirect|balance|breaker|health_checks|chat_api)$/

/** Wishes about an address: of a path that no route serves they are about a new one. */
const NEEDS_ADDRESS = /^(?:split|add_node|lead_to)$/

/** A piece that is no wish by itself may be a part of the one beside it: `the API runs on http://..., publish it at /shop`. */
function wishesOf(text: string): Clause[] {
  const pieces = toClauses(text, (clause) => recognise(clause)?.intent)
  const wishes: Clause[] = []
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at] as Clause
    const next = pieces[at + 1]
    const [before] = wishes.slice(-1)
    if (recognise(piece) || isReference(piece) || GIVES_KEY.test(piece.lower)) wishes.push(piece)
    else if (next && addsTo(piece, next, `${piece.text}, ${next.text}`)) {
      wishes.push(toClause(`${piece.text}, ${next.text}`))
      at++
    } else if (before && addsTo(piece, before, `${before.text}, ${piece.text}`))
      wishes[wishes.length - 1] = toClause(`${before.text}, ${piece.text}`)
    else wishes.push(piece)
  }
  return wishes
}

/** Whether two pieces together are another wish than the one of them alone. */
function addsTo(piece: Clause, one: Clause, together: string): boolean {
  const joined = recognise(toClause(together))
  return (
    joined !== undefined &&
    JSON.stringify(joined.intent) !== JSON.stringify(recognise(one)?.intent) &&
    piece.text !== ''
  )
}

function recognise(clause: Clause): Understood | undefined {
  const [replaced, former] = IN_PLACE_OF.exec(clause.text) ?? []
  const [plugin] = former === undefined ? [] : allNamed(former.toLowerCase())
  const next = plugin && recogniseSome(toClause(clause.text.replace(replaced as string, '')))
  return next && /^require_/.test(next.intent.do)
    ? {
        ...next,
        more: [...(next.more ?? []), { do: 'remove_plugin', plugin }],
        heard: [...(next.heard ?? []), ...IN_PLACE],
      }
    : recogniseSome(clause)
}

/** `a JWT instead of keys` */
const IN_PLACE_OF =
  /,? (?:instead of|rather than|in place of) (?:(?:an?|the) )?(api[ -]?keys?|keys?|key-auth|jwts?|jwt-auth|passwords?|basic[ -]auth)\b/i
const IN_PLACE =
  'instead of rather than in place the keys key api api-key api-keys jwt jwts password passwords basic basic-auth key-auth auth'.split(
    ' ',
  )

function recogniseSome(clause: Clause): Understood | undefined {
  const spared = SPARED.exec(clause.text)?.[0]
  const one = recogniseWhole(spared === undefined ? clause : toClause(clause.text.replace(spared, '')))
  const methods = methodsIn(spared ?? clause.text)
  if (!one || !methods.length || !PARTIAL.test(one.intent.do))
    return spared === undefined ? one : recogniseWhole(clause)
  if (spared === undefined) return { ...one, intent: { ...one.intent, when: [['request_method', 'in', methods]] } }
  const heard = [...(one.heard ?? []), 'but', 'except']
  return { ...one, intent: { ...one.intent, when: [['request_method', '!', 'in', methods]] }, negated: true, heard }
}

function recogniseWhole(clause: Clause): Understood | undefined {
  for (const recogniser of RECOGNISERS) {
    const found = recogniser(clause)
    if (found)
      return 'intent' in found && typeof found.intent === 'object'
        ? (found as Understood)
        : { intent: found as Understood['intent'] }
  }
  return undefined
}

/** Wishes that can be about some of a route's requests: `limit POST to 5 a minute`, `a key for everything but GET`. */
export const PARTIAL = /^(?:limit|require_|cache|block|only_ips|breaker|request_id)/
const SPARED =
  /,? *\b(?:but not|except|but|not|other than|besides)\b(?: for| on| with)?(?: the)?(?: methods?)? (?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b(?:(?:,| and| or|, and) (?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b)*(?: requests?| calls?)?/

/** `create consumer dave and let him ...`: he has a name. */
function withMade(text: string): string {
  const [made, name] =
    /^.*?\b(?:add|create|make|register|new|set up)\b[^,;.]*?\b(?:consumer|client|user|customer)\s+(?:called\s+|named\s+)?["'`]?([\w-]+)/i.exec(
      text,
    ) ?? []
  if (made === undefined || name === undefined || isKnown(name.toLowerCase())) return text
  return made + text.slice(made.length).replace(/\b(?:him|her|them|he|she|they)\b/gi, `consumer ${name}`)
}

/** A new consumer has a key without being given one. */
const GIVES_KEY =
  /^(?:give|issue|hand|send|make) (?:consumer [\w-]+|it) (?:an?|the|their|his|her|its) (?:new |own )?(?:api )?key$/

/** `on route orders`: a piece that only says which route, or what is the matter with it. */
function isReference({ lower }: Clause): boolean {
  if (
    /^(?:the )?[\w./*-]+(?: [\w-]+){0,2} (?:is|are|takes?|gets?|has) (?:too|very|so|really|way too|much too) (?:much |many )?[a-z]+(?: [a-z]+)?$/.test(
      lower,
    )
  )
    return true
  return /^(?:on|for|of|in)\s+(?:the\s+)?(?:routes?\s+)?[\w./*-]+(?:(?:, | and |, and )[\w./*-]+)*(?:\s+route)?$/.test(
    lower,
  )
}

/** Whether an intent is about a route that is there. */
export function needsRoute({ do: name, url, consumer, upstream }: Intent): boolean {
  if (['publish', 'add_consumer', 'new_key'].includes(name) || (name === 'chat_api' && url !== undefined)) return false
  return !(OF_CONSUMERS.test(name) && consumer !== undefined) && !(OF_UPSTREAMS.has(name) && upstream !== undefined)
}

/** Wishes that may be about one consumer, in place of a route. */
const OF_CONSUMERS = /^(?:limit|limit_rate|limit_concurrency|remove_plugin)$/

function routeOf(text: string, lower: string, intents: Intent[], own: string[]): RouteReference {
  if (intents.some((one) => one.do === 'publish' || (one.do === 'chat_api' && one.url !== undefined))) return 'none'
  if (
    intents.every((one) => !needsRoute(one) || ((one.do === 'mock' || one.do === 'redirect') && one.path !== undefined))
  )
    return 'none'
  const path = pathsIn(text).find((one) => !own.includes(one))
  if (path) return { path }
  if (
    /\b(?:all|every|each) (?:the )?(?:(?:routes?|apis?)\b(?! keys?\b)|(?:responses?|answers?)\b(?! (?:to|of|on|for|in|from) )|requests?\b(?! (?:to|of|on|for|in) ))|\b(?:everywhere|globally|gateway[- ]wide|(?:whole|entire) gateway|on everything)\b/.test(
      lower,
    )
  )
    return 'all'
  const id = [
    /\broute\s+(?:called\s+|named\s+)?(?!\d+ ?(?:%|percent|requests?))["'`]?([\w.-]+)["'`]?/i,
    /["'`]?([\w.-]+)["'`]?\s+route\b/i,
  ]
    .map((one) => one.exec(text)?.[1])
    .find((one) => one !== undefined && !NO_ID.test(one))
  if (id !== undefined) return { id }
  return { words: wordsOf(text), pronoun: /\b(?:it|this|that|there)\b/.test(lower) }
}

/** What stands beside `route` and is no name. */
const NO_ID =
  /^(?:and|with|to|for|that|it|this|the|every|each|all|a|on|off|up|down|back|again|now|from|in|at|by|my|is|which|whole|new|only|requests?|traffic|calls?|everything)$/i

function wordsOf(text: string): string[] {
  return [...new Set(toClause(text).lower.match(/[a-z0-9][\w.-]*/g) ?? [])]
}
