// Sentences about how much, how often, how long.
import type { Recogniser } from './clause.ts'
import { spanIn, toDigits, UNIT, unitOf } from './numbers.ts'
import { isKnown } from './vocabulary.ts'

const RATE = new RegExp(
  `(?<!(?:^|\\s)-)(?<![./])\\b(\\d+)\\s*(?:requests?|calls?|times?|hits?|req|reqs|r|queries|messages|x|(?!(?:ms|seconds|secs|minutes|mins|hours|days|retries|nodes|errors|failures)\\b)[a-z]{3,}s)?\\s*(?:(?:each|of them)\\s+)?(?:(?:per|a|an|each|every|in|within)\\b|\\/)\\s*(\\d+)?\\s*(${UNIT})\\b`,
)

/** `should not exceed 10 requests a second` */
const EXCEEDS =
  /\b(?:nobody|no ?one) (?:may |can |should |must )?(?:exceeds?|goes? (?:over|above|beyond))\b|\b(?:not|never|n't|cannot) (?:be able to )?(?:exceed|go (?:over|above|beyond)|pass|get more than)\b|n't (?:exceed|go (?:over|above|beyond))\b/

const COUNTED =
  /\b(?:exceed|go over|go above|limit|allow|at most|max(?:imum)?|no more|cap|throttle|quota|only|up to|let|requests?|calls?|times?|rate|with|get|gets)\b/

function byIn(lower: string): { by?: string } {
  const header =
    /\b(?:per|by|for each|count by)\s+(?:value of\s+)?(?:the\s+)?(?:header\s+([\w-]+)|([\w-]+)\s+header|(x-[\w-]+))/.exec(
      lower,
    )
  const name = header?.[1] ?? header?.[2] ?? header?.[3]
  if (name) return { by: `header:${name}` }
  if (/\b(?:per|by|for each) user[- ]agent\b/.test(lower)) return { by: 'header:user-agent' }
  if (
    /\b(?:per|by|each|every|for each|for every) (?:consumer|user|client|caller|customer|api key|key)\b(?! (?:ip|address))/.test(
      lower,
    )
  )
    return { by: 'consumer' }
  if (
    /\b(?:per|by|each|every|for each|and|from (?:one|an?|any|the same|a single)|one|any|the same|single) (?:single )?(?:client )?(?:ips?|address|ip address)\b/.test(
      lower,
    )
  )
    return { by: 'address' }
  return /\b(?:in total|altogether|overall|combined|(?:all (?:callers|users|clients|consumers)|everybody|everyone) (?:together|combined)|for everybody|globally shared|in sum)\b/.test(
    lower,
  )
    ? { by: 'everybody' }
    : {}
}

/** The one consumer that a limit is for: `limit consumer bob to ...`, `bob alone may ...` with bob known as a consumer. */
export function aloneIn(text: string): { consumer?: string } {
  const found =
    /(?<!\b(?:per|by|each|every|any|one|a|for each|for every) )\b(?:consumer|user|client|customer|caller)s?\s+(?:called\s+|named\s+)?["'`]?([\w-]+)/i.exec(
      text,
    )?.[1]
  return found && !isKnown(found.toLowerCase()) && !/^\d/.test(found) ? { consumer: found } : {}
}

/** Somebody who was spoken of before: not everybody. */
const SOMEBODY = /\b(?:him|her|he|she)\b/

const ALONE = [
  'alone',
  'only',
  'by',
  'himself',
  'herself',
  'itself',
  'personally',
  'personal',
  'own',
  'exceed',
  'exceeds',
  'everywhere',
]

const concurrency: Recogniser = ({ text, lower }) => {
  if (
    !/\b(?:concurrent|concurrently|simultaneous|simultaneously|at the same time|at once|in parallel|parallel|in flight)\b/.test(
      lower,
    )
  )
    return undefined
  const count = /\b(\d+)\b/.exec(toDigits(lower))?.[1]
  if (!count) return undefined
  const alone = aloneIn(text)
  return {
    intent: { do: 'limit_concurrency', count: Number(count), ...byIn(lower), ...alone },
    heard: alone.consumer ? ALONE : [],
  }
}

const smooth: Recogniser = ({ text, lower }) => {
  const words = toDigits(lower)
  if (!/\b(?:smooth\w*|evenly|bursts?|steady|on average)\b/.test(words)) return undefined
  const rate = RATE.exec(words)
  if (!rate) return undefined
  const burst = /\bbursts?\s+(?:of\s+|up to\s+)?(\d+)/.exec(words)?.[1]
  const seconds = unitOf(rate[3] as string) * Number(rate[2] ?? 1)
  const intent = {
    do: 'limit_rate',
    rate: Number(rate[1]) / seconds,
    ...(burst ? { burst: Number(burst) } : {}),
    ...byIn(lower),
    ...aloneIn(text),
  }
  return { intent, heard: 'consumer' in intent ? ['but', ...ALONE] : ['but'] }
}

const limit: Recogniser = ({ text, lower }) => {
  const words = toDigits(lower)
  const found = RATE.exec(words)
  // Of two rates one would be passed over.
  if (
    !found ||
    SOMEBODY.test(words) ||
    RATE.test(words.slice(found.index + found[0].length)) ||
    !COUNTED.test(words) ||
    /\b(?:retry|retries|cache|check|poll)\b/.test(words)
  )
    return undefined
  const intent = {
    do: 'limit',
    count: Number(found[1]),
    seconds: unitOf(found[3] as string) * Number(found[2] ?? 1),
    ...byIn(lower),
    ...aloneIn(text),
  }
  const counted = found[0].match(/[a-z]{3,}/g) ?? []
  const alone = 'consumer' in intent ? [...counted, ...ALONE] : counted
  return /\b(?:not|don't|no one|nobody|never|can't|cannot|mustn't|shouldn't)\b.*\bmore (?:than|often than)\b/.test(
    words,
  )
    ? { intent, negated: true, heard: alone }
    : {
        intent,
        heard: /\b(?:everyone|everybody|each) (?:together |combined )?(?:gets?|may|can|is allowed)\b/.test(words)
          ? ['everyone', 'everybody', ...alone]
          : alone,
        ...(EXCEEDS.test(words) ? { negated: true as const } : {}),
      }
}

const cache: Recogniser = ({ lower }) => {
  if (
    !/\bcach(?:e|es|ed|ing)\b|\b(?:remember|keep|store|reuse) (?:the |its )?(?:answers|responses|replies)\b/.test(lower)
  )
    return undefined
  const seconds = spanIn(lower)
  return {
    intent: { do: 'cache', ...(seconds ? { seconds } : {}) },
    heard: ['keep', 'store', 'reuse', 'ttl', 'expire', 'expires', 'lifetime', 'memory'],
  }
}

const retry: Recogniser = ({ lower }) => {
  if (!/\b(?:retry|retries|retried|try again|tries|attempts)\b/.test(lower)) return undefined
  // `10 attempts a minute` are a caller's.
  if (!/\b(?:retr(?:y|ies|ied)|try again)\b/.test(lower) && RATE.test(toDigits(lower))) return undefined
  if (/\b(?:no|never|don't|do not|without|stop|disable|turn off|switch off)\b/.test(lower))
    return { intent: { do: 'retry', times: 0 }, heard: ['disable'] }
  const onFailure =
    /\b(?:if|when) (?:the )?(?:[\w-]+ )?(?:api|backend|upstream|server|node|it|one|request|call) (?:fails|is down|does not answer|breaks)\b/
  const times = /\b(\d+)\b/.exec(toDigits(lower))?.[1]
  const intent = { do: 'retry', times: times === undefined ? 1 : Number(times) }
  return { intent, heard: onFailure.test(lower) ? ['if', 'when', 'fails', 'breaks'] : [] }
}

const timeouts: Recogniser = ({ lower }) => {
  if (
    !/\b(?:time[ -]?outs?|time out|wait|waits|give up|within)\b|^give (?:it|them|the (?:api|backend|server)) [^,]*\bs(?:ec(?:ond)?s?)?$/.test(
      lower,
    )
  )
    return undefined
  const fields: Record<string, number> = {}
  for (const name of ['connect', 'send', 'read']) {
    const around = new RegExp(
      `\\b${name}\\w*(?: time[ -]?out)?(?:\\s+(?:of|on|for)\\s+(?:route\\s+)?[a-z][\\w.-]*)?(?: of| to| after)?\\s+(\\d+(?:\\.\\d+)?)\\s*(${UNIT})\\b|\\b(\\d+(?:\\.\\d+)?)\\s*(${UNIT})\\s+(?:to|for)\\s+(?:the\\s+)?${name}`,
    )
    const found = around.exec(toDigits(lower))
    const [number, unit] = [found?.[1] ?? found?.[3], found?.[2] ?? found?.[4]]
    if (number && unit) fields[name] = Number(number) * unitOf(unit)
  }
  if (Object.keys(fields).length) return { do: 'timeouts', ...fields }
  const span = spanIn(lower)
  return span ? { do: 'timeouts', read: span } : undefined
}

const breaker: Recogniser = ({ lower }) => {
  if (!/\b(?:circuit[ -]?breaker|breaker|break the circuit)\b/.test(lower)) return undefined
  const failures = /\b(\d+)\s+(?:failures?|errors?|5xx)/.exec(toDigits(lower))?.[1]
  const seconds = spanIn(lower)
  return { do: 'breaker', ...(failures ? { failures: Number(failures) } : {}), ...(seconds ? { seconds } : {}) }
}

export const limitRecognisers: readonly Recogniser[] = [breaker, concurrency, smooth, cache, retry, limit, timeouts]
