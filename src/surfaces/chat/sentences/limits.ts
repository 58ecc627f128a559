// Sentences about how much, how often, how long.
import type { Recogniser } from './clause.ts'
import { spanIn, toDigits, UNIT, unitOf } from './numbers.ts'

const RATE = new RegExp(
  `(?<!(?:^|\\s)-)\\b(\\d+)\\s*(?:requests?|calls?|times?|hits?|req|reqs|r|queries|messages|x)?\\s*(?:(?:each|of them)\\s+)?(?:per|a|an|each|every|in|within|\\/)\\s*(\\d+)?\\s*(${UNIT})\\b`,
)

const COUNTED =
  /\b(?:limit|allow|at most|max(?:imum)?|no more|cap|throttle|quota|only|up to|let|requests?|calls?|times?|rate|with|get|gets)\b/

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
  if (/\b(?:per|by|each|every|for each|and) (?:client )?(?:ips?|address|ip address)\b/.test(lower))
    return { by: 'address' }
  return /\b(?:in total|altogether|overall|all callers together|everybody together|for everybody|globally shared)\b/.test(
    lower,
  )
    ? { by: 'everybody' }
    : {}
}

const concurrency: Recogniser = ({ lower }) => {
  if (
    !/\b(?:concurrent|concurrently|simultaneous|simultaneously|at the same time|at once|in parallel|parallel|in flight)\b/.test(
      lower,
    )
  )
    return undefined
  const count = /\b(\d+)\b/.exec(toDigits(lower))?.[1]
  return count ? { do: 'limit_concurrency', count: Number(count), ...byIn(lower) } : undefined
}

const smooth: Recogniser = ({ lower }) => {
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
  }
  return { intent, heard: ['but'] }
}

const limit: Recogniser = ({ lower }) => {
  const words = toDigits(lower)
  const found = RATE.exec(words)
  // Of two rates one would be passed over.
  if (
    !found ||
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
  }
  return /\b(?:not|don't|no one|nobody|never|can't|cannot|mustn't|shouldn't)\b.*\bmore (?:than|often than)\b/.test(
    words,
  )
    ? { intent, negated: true }
    : {
        intent,
        heard: /\b(?:everyone|everybody|each) (?:gets|may|can|is allowed)\b/.test(words)
          ? ['everyone', 'everybody']
          : [],
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
