// Pieces of a sentence, and the words that all topics share: addresses, paths, numbers, times, names of routes.
import { literal } from '../../../lib/regex-literal.ts'
import type { Intent } from '../../../operations/intents/index.ts'

/** One wish of a sentence. */
export interface Clause {
  /** As written. */
  text: string
  lower: string
}

/** What a topic understood: the intent, and the paths of the text that were its own, not the route's. */
export interface Understood {
  intent: Intent
  /** Further intents of the same wish. */
  more?: Intent[]
  own?: string[]
  /** Words in lower case that only this wish gives a meaning. */
  heard?: string[]
  /** The wish has taken the `not` that was said. */
  negated?: true
}

/** Understands one kind of wish; undefined: it is another one. */
export type Recogniser = (clause: Clause) => Understood | Intent | undefined

export function toClause(text: string): Clause {
  return { text, lower: text.toLowerCase() }
}

/** Words with which a wish begins: a comma or an `and` before one of them ends the wish before. */
const VERBS =
  'require|ask|demand|protect|secure|lock|allow|limit|throttle|cap|cache|block|deny|ban|refuse|reject|add|set|remove|drop|strip|enable|disable|turn|switch|use|send|split|route|put|publish|expose|create|make|retry|wait|time|timeout|give|check|health|rewrite|redirect|return|answer|mock|compress|gzip|accept|only|let|restrict|whitelist|collect|count|move|rename|pass|force|open|break|stop|show|hide|attach|replace|change|roll|keep|permit|forward|serve|tag|mark|log|mirror|delete|take|promote|import|undo|abort|balance|copy|inject|delay|start'

/** Where one wish may end and the next begin. */
const JOINT =
  /([.!]\s+(?:(?:then|and|also|plus)\s+)*|\s*[,;]\s*(?:and\s+|then\s+|also\s+|plus\s+|but\s+)*|(?<!\b(?:should|must|may|can|will|shall|does|do))\s+(?:and|then|also|plus|but|with)\s+(?:then\s+|also\s+|please\s+|with\s+)*|\s+(?:that|which|who)\s+(?=(?:needs?|requires?|asks?|only|accepts?|has|have|allows?)\b))/i
const BEGINS = new RegExp(`^(?:please\\s+)?(?:${VERBS})\\b`, 'i')
const TAKES_AWAY =
  /\b(?:remove|drop|delete|no longer|no more|stop|take|turn off|switch off|disable|get rid of|lift|without|don't|not)\b/i
/** `with header X: 1` says which requests are meant. */
const CONDITION = /^(?:an? |the )?(?:request )?(?:header|cookie|value)s?\b/i
/** A longer list is not looked through for wishes that begin without a verb. */
const MAX_BESIDE = 40
/** What stands in quotes or braces is one thing. */
const WHOLE = /"[^"]*"|`[^`]*`|(?<=\s)'[^']*'(?=[\s,.;]|$)|\{.*\}|\[.*\]/g

/**
 * The wishes of a sentence, in order. One begins with a verb (`and limit ...`), or is named beside the one before, when each is a wish by itself
 * (`with a key and 10 requests a minute`); what is beside something that is taken away is taken away too.
 */
export function toClauses(sentence: string, intentOf: (clause: Clause) => Intent | undefined): Clause[] {
  const whole: string[] = []
  const flat = sentence.replace(WHOLE, (piece) => `\uE000${whole.push(piece) - 1}\uE000`)
  const restored = (text: string): Clause =>
    toClause(text.replace(/\uE000(\d+)\uE000/g, (_, at: string) => whole[Number(at)] as string).trim())
  const pieces = flat.split(JOINT)
  const named = pieces.length <= 2 * MAX_BESIDE
  const texts: string[] = [pieces[0] ?? '']
  for (let at = 1; at < pieces.length; at += 2) {
    const [joint, piece] = [pieces[at] as string, pieces[at + 1] as string]
    const before = texts.at(-1) as string
    const second = named ? intentOf(asBeside(restored(piece))) : undefined
    const wish = second && restored(before)
    const first = wish && (intentOf(wish) ?? (texts.length === 1 ? intentOf(asBeside(wish)) : undefined))
    const beside =
      first &&
      second &&
      !CONDITION.test(piece) &&
      !TAKES_AWAY.test(before) &&
      !isOneWish(first, second, intentOf(restored(`${before}${joint}${piece}`)))
    const ends =
      /^[.!]/.test(joint) ||
      (BEGINS.test(piece) && !/^(?:PUT|DELETE)\b/.test(piece) && !/(?:with|that|which)\s+$/i.test(joint))
    if (ends) texts.push(piece)
    else if (beside) texts.push(asBeside(toClause(piece)).text)
    else texts[texts.length - 1] = `${before}${joint}${piece}`
  }
  return texts.map(restored).filter((one) => one.text !== '')
}

/** `protect it with a JWT`, `add a user with a key`, and lists: `GET and POST`. */
function isOneWish(first: Intent, second: Intent, joined: Intent | undefined): boolean {
  if (first.do === second.do && joined?.do === first.do && JSON.stringify(joined) !== JSON.stringify(first)) return true
  return /^require_/.test(second.do) && /^(?:require_|add_consumer|new_key|allow_consumer)/.test(first.do)
}

/** What is named beside a wish: `with` makes a wish of a noun. */
export function asBeside({ text }: Clause): Clause {
  return toClause(BEGINS.test(text) || /^(?:with|on|for|of|in|to|from)\b/i.test(text) ? text : `with ${text}`)
}

const HOST = '(?:[a-z0-9-]+\\.)*[a-z0-9-]+'
/** An address without a scheme: a number or a dotted name with a port anywhere, a bare name after a word that leads to a place. */
const NODE = new RegExp(
  `(?<![\\w.:/@-])((?:localhost|(?:[a-z0-9-]+\\.)+[a-z0-9-]+):\\d{2,5})\\b|\\b(?:to|at|on|from|of|node|backend|upstream|target|server|with|through|for|is)\\s+(${HOST}:\\d{2,5})\\b|^(${HOST}:\\d{2,5})$`,
  'gi',
)
const URLS = /\b(?:https?|grpcs?|wss?):\/\/[^\s,;"'`)]+/gi

/** `http(s)://...`, or `host:port` after a word that leads to a place. */
export function urlIn(text: string): string | undefined {
  return urlsIn(text)[0]
}

export function urlsIn(text: string): string[] {
  const urls = [...text.matchAll(URLS)].map((one) => ({ at: one.index, url: one[0].replace(/[.,;]+$/, '') }))
  const bare = text.replace(URLS, (one) => ' '.repeat(one.length))
  const nodes = [...bare.matchAll(NODE)].map((one) => ({ at: one.index, url: `http://${one[1] ?? one[2] ?? one[3]}` }))
  return [...urls, ...nodes].sort((a, b) => a.at - b.at).map((one) => one.url)
}

/** Paths in a text without its addresses, in order. */
export function pathsIn(text: string): string[] {
  const bare = text.replace(URLS, ' ')
  return [...bare.matchAll(/(?:^|[\s"'`(:])(\/[^\s"'`,;)]*)/g)].map(
    (match) => (match[1] as string).replace(/[.?!]+$/, '') || '/',
  )
}

export const METHOD = /\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b/g

export function methodsIn(text: string): string[] {
  return [...new Set(text.match(METHOD) ?? [])]
}

/** Names in a list: `alice, bob and carol`. */
export function namesIn(text: string): string[] {
  return text
    .split(/\s*,\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+/)
    .map((one) =>
      one
        .replace(/^(?:the\s+)?(?:consumers?|users?|clients?)\s+/i, '')
        .replace(/^["'`]|["'`]$/g, '')
        .trim(),
    )
    .filter(Boolean)
}

export type Condition =
  | { header: string; value: string }
  | { cookie: string; value: string }
  | { query: string; value: string }

const IS = '["\'`]?\\s*(?:is|=|==|:|equals|equal to|of|set to|being|with value|has value)\\s*["\'`]?'

/** Requests that are told apart by a header, a cookie or a parameter: `with the header X-Version: v2`. */
export function conditionIn(text: string): Condition | undefined {
  const one = (pattern: string): [string, string] | undefined => {
    const found = new RegExp(`${pattern}${IS}([\\w.-]+)`, 'i').exec(text)
    return found ? [found[1] as string, found[2] as string] : undefined
  }
  const header = one('\\bheaders?\\s+["\'`]?([\\w-]+)') ?? one('\\b(x-[\\w-]+)(?:\\s+header)?')
  if (header) return { header: header[0], value: header[1] }
  const cookie = one('\\bcookie\\s+["\'`]?([\\w-]+)')
  if (cookie) return { cookie: cookie[0], value: cookie[1] }
  const query = one('\\b(?:query|parameter|query parameter|param|argument)\\s+["\'`]?([\\w-]+)')
  return query && { query: query[0], value: query[1] }
}

/** The weight that is said of an address: `127.0.0.1:8080 (weight 3)`, `weight 3 for 127.0.0.1:8080`. */
export function weightOf(url: string, text: string): number | undefined {
  const place = literal(url.replace(/^https?:\/\//, ''))
  const after = new RegExp(
    `${place}\\S*\\s*(?:,|:|\\()?\\s*(?:(?:has|gets|with|to|at)\\s+)?(?:an?\\s+|the\\s+)?weight\\s*(?:of|to|:|=)?\\s*(\\d+)`,
    'i',
  )
  const before = new RegExp(`weight\\s+(?:of\\s+)?(\\d+)\\s+(?:for|to|on)\\s+(?:https?://)?${place}`, 'i')
  const of = new RegExp(`weight\\s+(?:of|for)\\s+(?:\\w+\\s+)?(?:https?://)?${place}\\S*\\s+(?:to|is|=)\\s*(\\d+)`, 'i')
  const found = (after.exec(text) ?? of.exec(text) ?? before.exec(text))?.[1]
  return found === undefined ? undefined : Number(found)
}
