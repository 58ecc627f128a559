// Wishes that one plugin fulfils as it is: logs, sizes of bodies, mirrors, faults on purpose, copies of a route.
import { pathsIn, type Recogniser, urlIn } from './clause.ts'
import { spanIn, toDigits } from './numbers.ts'

const STOPS = /\b(?:remove|stop|without|disable|drop|no longer|no more|turn off|take)\b/

const log: Recogniser = ({ text, lower }) => {
  if (!/\b(?:logs?|logging)\b/.test(lower.replace(/\w+:\/\/\S+/g, ' ')) || STOPS.test(lower)) return undefined
  const url = urlIn(text)
  return url
    ? {
        intent: { do: 'add_plugin', plugin: 'http-logger', config: { uri: url } },
        heard: 'log logs logging access collector server endpoint push stream ship my request'.split(' '),
      }
    : undefined
}

const BYTES: Record<string, number> = { b: 1, bytes: 1, byte: 1, kb: 1024, mb: 1_048_576, gb: 1_073_741_824 }

const bodySize: Recogniser = ({ lower }) => {
  const found = /\b(\d+(?:\.\d+)?)\s*(bytes?|b|kb|mb|gb)\b/.exec(toDigits(lower))
  if (!found || STOPS.test(lower)) return undefined
  if (!/\b(?:body|bodies|payloads?|uploads?|size|bigger|larger|requests?|post|files?)\b/.test(lower)) return undefined
  const size = Math.round(Number(found[1]) * (BYTES[found[2] as string] as number))
  const config = { max_body_size: size }
  return {
    intent: { do: 'add_plugin', plugin: 'client-control', config },
    heard:
      'body bodies payload payloads upload uploads size sizes bigger larger big large bytes byte b kb mb gb file files smaller exceed'.split(
        ' ',
      ),
    ...(/\b(?:not|n't|don't|nothing|no|never)\b/.test(lower) ? { negated: true as const } : {}),
  }
}

const mirror: Recogniser = ({ text, lower }) => {
  const url = urlIn(text)
  if (
    !url ||
    !/\b(?:mirror|shadow|duplicate|copy of|copy (?:all )?(?:the |its |of )?(?:traffic|requests|calls))\b/.test(lower) ||
    STOPS.test(lower)
  )
    return undefined
  const percent = /\b(\d{1,3})\s*(?:%|percent)/.exec(toDigits(lower))?.[1]
  const { origin } = new URL(url)
  const config = { host: origin, ...(percent ? { sample_ratio: Number(percent) / 100 } : {}) }
  return {
    intent: { do: 'add_plugin', plugin: 'proxy-mirror', config },
    own: [url],
    heard: ['mirror', 'shadow', 'duplicate', 'copy', 'copies', ...(percent ? [percent] : [])],
  }
}

const fault: Recogniser = ({ lower }) => {
  const delays = /\b(?:delay|slow\b.*\bdown|latency)\b/.test(lower) && !/\b(?:show|what|how)\b/.test(lower)
  const aborts = /\b(?:abort|fail|inject|simulate)\b/.test(lower)
  if ((!delays && !aborts) || STOPS.test(lower)) return undefined
  const words = toDigits(lower)
  const percent = /\b(\d{1,3})\s*(?:%|percent)/.exec(words)?.[1]
  const share = percent === undefined ? {} : { percentage: Number(percent) }
  const heard = 'inject simulate delay latency fault faults abort fail of slow down artificial'.split(' ')
  const seconds = delays ? spanIn(words) : undefined
  const status = aborts ? /\b([45]\d\d)s?\b/.exec(words)?.[1] : undefined
  if (seconds === undefined && status === undefined) return undefined
  const config = seconds
    ? { delay: { duration: seconds, ...share } }
    : { abort: { http_status: Number(status), ...share } }
  return { intent: { do: 'add_plugin', plugin: 'fault-injection', config }, heard }
}

const trace: Recogniser = ({ text, lower }) => {
  const url = urlIn(text)
  if (!url || !/\bzipkin\b/.test(lower.replace(/\w+:\/\/\S+/g, ' ')) || STOPS.test(lower)) return undefined
  const place = new URL(url)
  const endpoint = place.pathname === '/' ? `${place.origin}/api/v2/spans` : url
  const config = { endpoint, sample_ratio: 1 }
  return {
    intent: { do: 'add_plugin', plugin: 'zipkin', config },
    heard: ['zipkin', 'trace', 'traces', 'tracing', 'spans', 'collector'],
    own: [url],
  }
}

const copy: Recogniser = ({ text, lower }) => {
  if (!/^(?:copy|duplicate|clone)\b/.test(lower)) return undefined
  const path = pathsIn(text).at(-1)
  if (!path) return undefined
  const id =
    /\b(?:called|named|as|name)\s+["'`]?([\w.-]+)/i.exec(text)?.[1] ??
    /^\w+\s+(?:the\s+)?(?:route\s+)?[\w.-]+\s+(?:in)?to\s+(?:route\s+)?["'`]?([\w.-]+)["'`]?\s/i.exec(text)?.[1]
  return { intent: { do: 'copy', path, ...(id ? { id } : {}) }, own: [path], heard: ['copy', 'duplicate', 'clone'] }
}

export const pluginRecognisers: readonly Recogniser[] = [copy, log, trace, bodySize, mirror, fault]
