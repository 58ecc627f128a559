// Sentences about a number that is there: `double the limit of orders`, `raise the timeout by 5 seconds`, `one retry less on orders`. Only a sentence
// that is one such wish and nothing else; what it says beyond that is the name of a route, or is not understood.
import { METHOD, pathsIn, urlIn } from './clause.ts'
import type { Change, Command, Subject } from './command.ts'
import { toDigits, UNIT, unitOf } from './numbers.ts'

/** The most special name first: each takes its words from the sentence. */
const SUBJECTS: readonly [Subject, RegExp][] = [
  ['burst', /\bbursts?(?: size)?\b/],
  ['concurrency', /\bconcurren(?:cy|t (?:requests?|calls?|connections?))(?: limits?)?\b|\bconnection limits?\b/],
  ['body', /\b(?:max(?:imum)? )?(?:body|upload|payload)(?: sizes?)?(?: limits?)?\b/],
  ['timeout', /\b(?:(?:connect|send|read|connection|upstream) )?time[ -]?outs?\b/],
  ['retries', /\b(?:(?:number of|max(?:imum)?) )?(?:retries|retry|attempts)(?: counts?)?\b/],
  ['cache', /\b(?:cache|caching)(?: (?:time|ttl|duration|lifetime))?\b|\bttl\b/],
  ['limit', /\b(?:(?:rate|request|call)[ -]?)?limits?\b|\bquotas?\b/],
]
/** A limit, where nothing else is named. */
const REQUESTS = /\b(?:requests?|calls?)\b/

const UP =
  /\b(?:raise|increase|bump|grow|extend|lengthen|enlarge|boost|expand|loosen|relax|add|more|higher|longer|bigger|larger|up)\b/g
const DOWN =
  /\b(?:lower|reduce|decrease|cut|drop|shrink|shorten|trim|tighten|subtract|less|fewer|shorter|smaller|down|take)\b/g

const MULTIPLES: Readonly<Record<string, number>> = { double: 2, triple: 3, treble: 3, quadruple: 4, halve: 0.5 }
const PARTS: Readonly<Record<string, number>> = {
  half: 1 / 2,
  third: 1 / 3,
  quarter: 1 / 4,
  fifth: 1 / 5,
  tenth: 1 / 10,
}
const BYTES: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1_048_576, g: 1_073_741_824 }

const NUMBER = '(\\d+(?:\\.\\d+)?)'
const SIZE = 'bytes?|kb|mb|gb'
const COUNTED = '(?:requests?|calls?|retries|retry|attempts?|times?)'
const PER = `(?:\\s*(?:per|an?|each|every|\\/)\\s*(${UNIT})\\b)?`
/** `by a minute` */
const AN = new RegExp(`\\bby an? (?=${UNIT}\\b)`)
const COMPARED = '(?:more|less|fewer|longer|shorter|higher|lower|bigger|smaller)'
const AMOUNT = `${NUMBER}\\s*(?:(${UNIT}|${SIZE})\\b|${COUNTED}\\b)?${PER}`
/** `by 50`, `50 more requests a minute`, `1 retry less`, `add 50 to`, `take 50 off`. */
const AMOUNTS = [
  `\\bby\\s+${AMOUNT}(?![\\w%.])`,
  `\\b${NUMBER}\\s+(?:more|less|fewer)(?:\\s+(?:(${UNIT}|${SIZE})|${COUNTED}))\\b${PER}`,
  `\\b${AMOUNT}\\s+${COMPARED}\\b`,
  `\\b(?:add|subtract|take)\\s+(?:another\\s+)?${AMOUNT}\\s+(?=(?:to|from|off)\\b)`,
].map((one) => new RegExp(one))

/** What may stand around. */
const FILLER =
  /\b(?:i|the|an?|of|on|for|from|at|to|off|by|in|is|its?|this|that|be|as|with|please|now|then|just|bit|current|existing|allow|allowed|accept|let|give|make|bring|put|set|turn|change|adjust|get|gets|have|has|routes?|api|endpoint|requests?|calls?|rate|many|much|high|low|long|big|large|size|count|another|want|needs?|should|must|can|may)\b/g
/** Then it is no single wish, or one about something else. */
const ELSE =
  /[,;]|\b(?:and|but|not|no|never|except|only|if|unless|when|until|than|without|send|split|canary|version|v\d|weight|traffic|shares?|headers?|delay|remove|delete|disable)\b|\bto \d/

export function parseRelative(text: string): Command | undefined {
  const lower = toDigits(text.toLowerCase()).replace(AN, 'by 1 ')
  const [path] = pathsIn(text)
  const bare = path === undefined ? lower : lower.replace(path.toLowerCase(), ' ')
  if (urlIn(text) || text.match(METHOD)) return undefined
  const goal = goalIn(bare)
  if (ELSE.test(goal?.rest ?? bare)) return undefined
  const said = goal ?? changeIn(bare)
  if (!said) return undefined
  let { rest } = said
  const subjects: Subject[] = []
  for (const [subject, pattern] of SUBJECTS) {
    if (pattern.test(rest) || (subject === 'retries' && /retr|attempt/.test(said.words))) subjects.push(subject)
    rest = rest.replace(pattern, ' ')
  }
  if (!subjects.length && REQUESTS.test(bare)) subjects.push('limit')
  const pronoun = /\b(?:it|this|that|there)\b/.test(rest)
  if (subjects.length > 1 || (!subjects.length && (!pronoun || goal))) return undefined
  if (goal && subjects[0] !== 'limit' && subjects[0] !== 'burst') return undefined
  const which = /\b(connect|send|read)/.exec(bare)?.[1] as 'connect' | 'send' | 'read' | undefined
  const names = rest
    .replace(/'s?(?=\s|$)/g, ' ')
    .replace(UP, ' ')
    .replace(DOWN, ' ')
    .replace(FILLER, ' ')
  const words = [...new Set(names.match(/[a-z0-9][\w.-]*/g) ?? [])]
  return {
    type: 'relative',
    subject: subjects[0],
    change: said.change,
    which: subjects[0] === 'timeout' ? which : undefined,
    route: path === undefined ? { words, pronoun } : { path },
    rest: words,
  }
}

interface Found {
  change: Change
  /** The words of it, and those around. */
  words: string
  rest: string
}

/** `set the limit of orders to 100`, without its time: that of the limit that is there. `limit orders to 100` names no limit. */
const GOAL =
  /\b(?:back )?to (\d+)(?: (?:requests?|calls?))?(?! ?(?:requests?\b|calls?\b|%|percent|\d|\/|per\b|an?\b|each\b|every\b|in\b|within\b|ms\b|[a-z]?b\b|s\b|m\b|h\b|d\b|sec|min|hour|day|concurrent|simultaneous))(?=$|\s)/

function goalIn(lower: string): Found | undefined {
  const found = /^(?:limit|cap|throttle)\b/.test(lower) ? null : GOAL.exec(lower)
  return found
    ? { change: { factor: 0, add: Number(found[1]) }, words: found[0], rest: lower.replace(found[0], ' ') }
    : undefined
}

function changeIn(lower: string): Found | undefined {
  const direction = directionOf(lower)
  const scaled = (pattern: RegExp, factor: (found: RegExpExecArray) => number | undefined): Found | undefined => {
    const found = pattern.exec(lower)
    const by = found ? factor(found) : undefined
    return found && by !== undefined
      ? { change: { factor: by, add: 0 }, words: found[0], rest: lower.replace(found[0], ' ') }
      : undefined
  }
  const up = (factor: number): number | undefined => (direction ? (direction > 0 ? factor : 1 / factor) : undefined)
  const more = (part: number): number | undefined => (direction ? 1 + direction * part : undefined)
  return (
    scaled(/\b(double|triple|treble|quadruple|halve)[ds]?\b/, ([, word]) => MULTIPLES[word as string]) ??
    scaled(/\bby (?:an? |1 )?(half|third|quarter|fifth|tenth)\b/, ([, word]) =>
      more(PARTS[word as string] as number),
    ) ??
    scaled(/\b(?:(?:in|to) half|half (?:of )?(?=the\b)|half as (?:many|much|high|long|big|large))\b/, () => 0.5) ??
    scaled(/\b(\d+(?:\.\d+)?) times (?:as (?:many|much|high|long|big|large)\b|(?=the\b))/, ([, n]) => Number(n)) ??
    scaled(/\bby (?:a )?(?:factor (?:of )?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) ?(?:x|times)\b)/, ([, n, m]) =>
      up(Number(n ?? m)),
    ) ??
    scaled(/\bby (\d+(?:\.\d+)?) ?(?:%|percent\b)/, ([, n]) => more(Number(n) / 100)) ??
    scaled(new RegExp(`\\b(\\d+(?:\\.\\d+)?) ?(?:%|percent) ${COMPARED}\\b`), ([, n]) => more(Number(n) / 100)) ??
    (direction ? amountIn(lower, direction) : undefined)
  )
}

function amountIn(lower: string, direction: number): Found | undefined {
  for (const pattern of AMOUNTS) {
    const found = pattern.exec(lower)
    if (!found) continue
    const [words, number, unit, per] = found
    const size = /^(?:bytes?|[kmg]b)$/.test(unit ?? '') ? BYTES[(unit as string)[0] as string] : undefined
    const seconds = unit === undefined ? undefined : unitOf(unit)
    return {
      change: {
        factor: 1,
        add: direction * Number(number),
        ...(size === undefined ? (seconds === undefined ? {} : { seconds }) : { bytes: size }),
        ...(per === undefined ? {} : { per: unitOf(per) }),
      },
      words,
      rest: lower.replace(words, ' '),
    }
  }
  return undefined
}

/** 1: up, -1: down; undefined where a sentence says neither, or both. */
function directionOf(lower: string): 1 | -1 | undefined {
  const [up, down] = [lower.match(UP), lower.match(DOWN)]
  if (up && down) return undefined
  return up ? 1 : down ? -1 : undefined
}

/** Whether a sentence speaks of more or less than now, so that its number is not the new one. */
export function speaksOfMore(lower: string): boolean {
  return (
    /\b(?:double|triple|halve|quadruple)[ds]?\b|\btimes as (?:many|much|high|long)\b|\bhalf (?:the|as)\b/.test(lower) ||
    (directionOf(lower) !== undefined && AMOUNTS.slice(0, 3).some((one) => one.test(toDigits(lower)))) ||
    /\b(?:raise|increase|lower|reduce|decrease|bump|extend|shorten)\b.*\bby\b/.test(lower)
  )
}
