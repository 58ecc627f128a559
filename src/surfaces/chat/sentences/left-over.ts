// What a sentence says that none of its wishes took: a second address, a method, a condition, a word that nobody knows. A sentence with such a rest
// is not acted on, unless the rest is the name of a route.
import type { Intent } from '../../../operations/intents/index.ts'
import { type Clause, METHOD, pathsIn, type Understood, urlsIn } from './clause.ts'
import type { RouteReference } from './command.ts'
import { toDigits } from './numbers.ts'
import { isKnown } from './vocabulary.ts'

/** Words of one topic, and the intents and plugins that take them. */
const TOPICS: [RegExp, RegExp][] = [
  [/^cors$/, /cors/],
  [/^jwts?$/, /jwt/],
  [/^ips?$/, /ip|address|host|block/],
  [/^passwords?$/, /password|basic/],
  [/^(?:cache|caching|cached)$/, /cache/],
  [/^(?:retry|retries)$/, /retry/],
  [/^timeouts?$/, /timeouts/],
  [/^(?:mock|mocks|mocking)$/, /mock/],
  [/^(?:gzip|compress|compression)$/, /compress|gzip/],
  [/^websockets?$/, /websocket/],
  [/^canary$/, /split/],
  [/^(?:metrics|prometheus)$/, /prometheus/],
  [/^breaker$/, /breaker/],
  [/^(?:bots?|crawlers?)$/, /block|ua-restriction/],
  [/^(?:keys?|key-auth)$/, /key|consumer|header:|"auth"/],
  [/^(?:everything|everybody|everyone)$/, /publish|finish_split|block|everybody|\*/],
  [/^(?:twice|once)$/, /retry|limit/],
  [/^(?:health[\w-]*|heartbeat)$/, /health/],
  [/^(?:disable|pause)$/, /disable|remove_plugin|breaker/],
]

/** A span of time belongs to one of these. */
const TIMED = /"do":"(?:limit|limit_rate|cache|timeouts|health_checks|breaker)"/

const SPAN =
  /\b(?:for|until|after|during|in)\s+(?:an?\s+|the next\s+)?(?:\d+\s*)?(?:hours?|minutes?|days?|weeks?|seconds?)\b/

interface Around {
  /** Which route the whole sentence is about. */
  route: RouteReference
  /** All wishes of the sentence. */
  published: Intent[]
}

/** The words of a wish that it did not take, as written. Names of routes are among them: who knows the routes takes them out. */
export function leftOver(
  { text, lower }: Clause,
  { intent, more = [], own = [], heard = [], negated }: Understood,
  around: Around,
): string[] {
  const taken = JSON.stringify([intent, ...more])
  const elsewhere = JSON.stringify(around.published)
  const values = new Set(
    wordsIn(
      valuesOf([intent, ...more])
        .join(' ')
        .toLowerCase(),
    ),
  )
  const rest: string[] = []
  for (const url of urlsIn(text))
    if (!taken.includes(url.replace(/^(?:http|wss?):\/\/|[.,;/]+$/g, '')) && !own.includes(url)) rest.push(url)
  const route = typeof around.route === 'object' && 'path' in around.route ? around.route.path : undefined
  for (const path of pathsIn(text))
    if (path !== route && !own.includes(path) && !elsewhere.includes(`"${path}`)) rest.push(path)
  for (const method of text.match(METHOD) ?? []) if (!values.has(method.toLowerCase())) rest.push(method)
  if (SPAN.test(lower) && !TIMED.test(taken)) rest.push(SPAN.exec(lower)?.[0] as string)
  const numbers = numbersOf([intent, ...more])
  for (const word of wordsIn(toDigits(plain(lower, taken, negated === true)))) {
    if (values.has(word) || heard.includes(word) || isTaken(word, numbers)) continue
    const topic = TOPICS.find(([pattern]) => pattern.test(word))?.[1]
    const foreign = topic !== undefined && !topic.test(taken) && !(around.route === 'all' && topic.test('*'))
    if (foreign || !isKnown(word)) rest.push(word)
  }
  return rest.filter((one, i) => rest.findIndex((other) => other.toLowerCase() === one.toLowerCase()) === i)
}

/** Seconds of units, bytes of units. */
const FACTORS = [1, 0.001, 60, 3600, 86_400, 1024, 1_048_576]

/** A number that stands in an intent, as it is or in another unit. One is also an article, and `5xx` is no number. */
function isTaken(word: string, numbers: Numbers): boolean {
  const said = /^(\d+(?:\.\d+)?)(?:ms|s|secs?|m|mins?|h|hrs?|d|x|mb|kb|st|nd|rd|th)?$/.exec(word)?.[1]
  if (said === undefined) return /^\d/.test(word)
  const number = Number(said)
  return (
    number <= 1 ||
    numbers.all.some((one) => FACTORS.some((factor) => near(one, number * factor))) ||
    numbers.rates.some((one) => FACTORS.some((factor) => near(one * factor, number))) ||
    numbers.shares.some((one) => near(one, 100 - number) || near(one, 100 / number))
  )
}

/** The numbers of intents: a rate was said per minute or hour, a share also as `90/10` or `1 in 20`. */
interface Numbers {
  all: number[]
  rates: number[]
  shares: number[]
}

function numbersOf(intents: readonly Intent[]): Numbers {
  const named = (name: string): number[] => intents.flatMap((one) => (typeof one[name] === 'number' ? [one[name]] : []))
  return { all: allNumbers(intents), rates: named('rate'), shares: named('percent') }
}

function near(one: number, other: number): boolean {
  return Math.abs(one - other) <= 0.01 * Math.abs(other)
}

function allNumbers(value: unknown): number[] {
  if (typeof value === 'number') return [value]
  if (typeof value === 'string') return (value.match(/\d+(?:\.\d+)?/g) ?? []).map(Number)
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(allNumbers) : []
}

/** Without addresses, paths, methods, and the negations that are part of a wish. */
function plain(lower: string, taken: string, negated: boolean): string {
  const bare = lower
    .replace(/\b[a-z]+:\/\/\S+/g, ' ')
    .replace(/\b[a-z0-9.-]+:\d{2,5}\b/g, ' ')
    .replace(/(^|[\s"'`(])\/[^\s"'`,;)]*/g, '$1 ')
    .replace(/\b(?:no|not) (?:more than|longer|more|bigger than|larger than|only)\b/g, ' ')
    .replace(/\bversion \d+\b/g, ' ')
    .replace(/'s\b/g, ' ')
  const negates = negated || /"times":0|remove_plugin/.test(taken)
  const removes = negates || /"remove"|"strip"|"from"/.test(taken)
  return bare
    .replace(
      negates
        ? /\b(?:never|no|not|don't|doesn't|shouldn't|mustn't|can't|any more|anymore|but not|except(?: for)?)\b/g
        : /$^/,
      ' ',
    )
    .replace(removes ? /\bwithout\b/g : /$^/, ' ')
}

function wordsIn(text: string): string[] {
  return text.match(/[a-z0-9_*][\w.'*-]*/g)?.map((one) => one.replace(/[.'-]+$/, '')) ?? []
}

function valuesOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(valuesOf)
  if (value !== null && typeof value === 'object')
    return Object.entries(value).flatMap(([name, one]) => (name === 'do' ? [] : [name, ...valuesOf(one)]))
  return [String(value)]
}
