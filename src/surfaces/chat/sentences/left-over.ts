// What a sentence says that none of its wishes took: a second address, a method, a condition, a word that nobody knows. A sentence with such a rest
// is not acted on, unless the rest is the name of a route.
import type { Intent } from '../../../operations/intents/index.ts'
import { type Clause, METHOD, pathsIn, type Understood } from './clause.ts'
import type { RouteReference } from './command.ts'
import { isKnown } from './vocabulary.ts'

/** Words of one topic, and the intents and plugins that take them. */
const TOPICS: [RegExp, RegExp][] = [
  [/^cors$/, /cors/],
  [/^jwts?$/, /jwt/],
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
  [/^(?:keys?|key-auth)$/, /key|consumer|header:/],
  [/^(?:everything|everybody|everyone)$/, /publish|finish_split|block|everybody|\*/],
  [/^(?:twice|once)$/, /retry|limit/],
  [/^(?:health|heartbeat)$/, /health/],
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
  { intent, more = [], own = [] }: Understood,
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
  for (const url of text.match(/\bhttps?:\/\/[^\s,;"'`)]+/gi) ?? [])
    if (!taken.includes(url.replace(/[.,;/]+$/, '')) && !own.includes(url)) rest.push(url)
  const route = typeof around.route === 'object' && 'path' in around.route ? around.route.path : undefined
  for (const path of pathsIn(text))
    if (path !== route && !own.includes(path) && !elsewhere.includes(`"${path}`)) rest.push(path)
  for (const method of text.match(METHOD) ?? []) if (!values.has(method.toLowerCase())) rest.push(method)
  if (SPAN.test(lower) && !TIMED.test(taken)) rest.push(SPAN.exec(lower)?.[0] as string)
  for (const word of wordsIn(plain(lower, taken))) {
    if (values.has(word) || /^\d/.test(word)) continue
    const topic = TOPICS.find(([pattern]) => pattern.test(word))?.[1]
    const foreign = topic !== undefined && !topic.test(taken) && !(around.route === 'all' && topic.test('*'))
    if (foreign || !isKnown(word)) rest.push(word)
  }
  return rest.filter((one, i) => rest.findIndex((other) => other.toLowerCase() === one.toLowerCase()) === i)
}

/** Without addresses, paths, methods, and the negations that are part of a wish. */
function plain(lower: string, taken: string): string {
  const bare = lower
    .replace(/https?:\/\/\S+/g, ' ')
    .replace(/\b[a-z0-9.-]+:\d{2,5}\b/g, ' ')
    .replace(/(^|[\s"'`(])\/[^\s"'`,;)]*/g, '$1 ')
    .replace(/\bno (?:more than|longer|more)\b/g, ' ')
    .replace(/'s\b/g, ' ')
  const negates = taken.includes('"times":0') || taken.includes('remove_plugin')
  const removes = negates || /"remove"|"strip"|"from"/.test(taken)
  return bare
    .replace(negates ? /\b(?:never|no|not|don't|any more)\b/g : /$^/, ' ')
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
