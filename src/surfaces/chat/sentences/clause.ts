// Pieces of a sentence, and the words that all topics share: addresses, paths, numbers, times, names of routes.
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
}

/** Understands one kind of wish; undefined: it is another one. */
export type Recogniser = (clause: Clause) => Understood | Intent | undefined

export function toClause(text: string): Clause {
  return { text, lower: text.toLowerCase() }
}

/** Words with which a wish begins: a comma or an `and` before one of them ends the wish before. */
const VERBS =
  'require|ask|demand|protect|secure|lock|allow|limit|throttle|cap|cache|block|deny|ban|refuse|reject|add|set|remove|drop|strip|enable|disable|turn|switch|use|send|split|route|put|publish|expose|create|make|retry|wait|time|timeout|give|check|health|rewrite|redirect|return|answer|mock|compress|gzip|accept|only|let|restrict|whitelist|collect|count|move|rename|pass|force|open|break|stop|show|hide|attach|replace|change|roll|keep|permit|forward|serve|tag|mark'

const CONNECTOR = new RegExp(
  `[.!]\\s+(?:(?:then|and|also)\\s+)*|(?:\\s*[,;]\\s*(?:and\\s+|then\\s+|also\\s+)*|\\s+(?:and|then|also|plus|but)\\s+(?:then\\s+|also\\s+|please\\s+)*)(?=(?:${VERBS})\\b)`,
  'i',
)

/** What is named beside a wish: `with an API key and 10 requests a minute`. */
const NAMED_BESIDE =
  '(?:an?\\s+)?(?:(?:required?\\s+)?(?:api[ -]?)?keys?\\b|jwts?\\b|cors\\b|caching\\b|(?:at most\\s+|max\\s+)?\\d[\\d,]*k?\\s*(?:requests?|calls?|req)\\b)'
const BESIDE = new RegExp(
  `\\s+(?:and|plus)\\s+(?:with\\s+)?(?=${NAMED_BESIDE})|(?<=https?:\\/\\/.*)\\s+(?=with\\s+${NAMED_BESIDE})`,
  'i',
)
const TAKES_AWAY = /\b(?:remove|drop|delete|no longer|stop|turn off|switch off|disable|get rid of|lift|without)\b/i
/** What stands in quotes or braces is one thing. */
const WHOLE = /"[^"]*"|`[^`]*`|(?<=\s)'[^']*'(?=[\s,.;]|$)|\{.*\}|\[.*\]/g

/** The wishes of a sentence, in order. */
export function toClauses(sentence: string): Clause[] {
  const whole: string[] = []
  const flat = sentence.replace(WHOLE, (piece) => `\uE000${whole.push(piece) - 1}\uE000`)
  return flat
    .split(CONNECTOR)
    .flatMap((piece) => (TAKES_AWAY.test(piece) ? piece : piece.split(BESIDE)))
    .map((piece) => piece.replace(/\uE000(\d+)\uE000/g, (_, at: string) => whole[Number(at)] as string).trim())
    .filter(Boolean)
    .map(toClause)
}

/** `http(s)://...`, or `host:port` after a word that leads to a place. */
export function urlIn(text: string): string | undefined {
  const url = /\bhttps?:\/\/[^\s,;"'`)]+/i.exec(text)?.[0]?.replace(/[.,;]+$/, '')
  if (url) return url
  const node =
    /\b(?:to|at|on|from|of|node|backend|with|through|for)\s+((?:[a-z0-9-]+\.)*[a-z0-9-]+:\d{2,5})\b/i.exec(text)?.[1] ??
    /^((?:[a-z0-9-]+\.)*[a-z0-9-]+:\d{2,5})$/i.exec(text.trim())?.[1]
  return node && `http://${node}`
}

/** Paths in a text without its addresses, in order. */
export function pathsIn(text: string): string[] {
  const bare = text.replace(/https?:\/\/\S+/gi, ' ')
  return [...bare.matchAll(/(?:^|[\s"'`(])(\/[^\s"'`,;)]*)/g)].map(
    (match) => (match[1] as string).replace(/[.?!]+$/, '') || '/',
  )
}

export const METHOD = /\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b/g

export function methodsIn(text: string): string[] {
  return [...new Set(text.match(METHOD) ?? [])]
}

const UNITS: [RegExp, number][] = [
  [/^(?:ms|milliseconds?)$/, 0.001],
  [/^s(?:ec(?:ond)?s?)?$/, 1],
  [/^m(?:in(?:ute)?s?)?$/, 60],
  [/^h(?:ours?|r|rs)?$/, 3600],
  [/^d(?:ays?)?$/, 86_400],
]

/** Text of a unit of time, for patterns. */
export const UNIT = '(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)'

/** Seconds of a unit. */
export function unitOf(text: string): number {
  return UNITS.find(([pattern]) => pattern.test(text))?.[1] ?? 60
}

/** The first span of time: `5 minutes`, `an hour`, `30s`. In seconds. */
export function spanIn(lower: string): number | undefined {
  const found = new RegExp(`\\b(\\d+(?:\\.\\d+)?|an?|one|half an?)\\s*(${UNIT})\\b`).exec(toDigits(lower))
  if (!found) return undefined
  const number = /^\d/.test(found[1] as string) ? Number(found[1]) : found[1]?.startsWith('half') ? 0.5 : 1
  return number * unitOf(found[2] as string)
}

const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten']

/** Small numbers in words, thousands with commas or k, once and twice: as digits. */
export function toDigits(lower: string): string {
  return lower
    .replace(/\b(zero|one|two|three|four|five|six|seven|eight|nine|ten)\b/g, (word) => String(WORDS.indexOf(word)))
    .replace(/\ba (hundred|thousand)\b/g, '1 $1')
    .replace(/\b(\d+) hundred\b/g, (_, n: string) => String(Number(n) * 100))
    .replace(/\b(\d+) thousand\b/g, (_, n: string) => String(Number(n) * 1000))
    .replace(/\b(\d+)k\b/g, (_, n: string) => String(Number(n) * 1000))
    .replace(/(\d),(?=\d{3}\b)/g, '$1')
    .replace(/\bonce\b/g, '1 times')
    .replace(/\btwice\b/g, '2 times')
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
