// Numbers and spans of time as people write them.

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
  const found = new RegExp(`\\b(\\d+(?:\\.\\d+)?|an?|half an?)\\s*(${UNIT})\\b`).exec(toDigits(lower))
  if (!found) return undefined
  const number = /^\d/.test(found[1] as string) ? Number(found[1]) : found[1]?.startsWith('half') ? 0.5 : 1
  return number * unitOf(found[2] as string)
}

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const ONE = [...SMALL, ...TENS].join('|')

export const NUMBER_WORD = new RegExp(`^(?:${ONE}|hundred|thousand)$`)

const IN_WORDS = new RegExp(`\\b(?:(${TENS.join('|')})[- ](${SMALL.slice(1, 10).join('|')})|(${ONE}))\\b`, 'g')

function numberOf(word: string): number {
  return TENS.includes(word) ? 20 + 10 * TENS.indexOf(word) : SMALL.indexOf(word)
}

/** Numbers in words, thousands with commas or k, once and twice: as digits. */
export function toDigits(lower: string): string {
  return lower
    .replace(IN_WORDS, (_, tens: string, ones: string, one: string) =>
      String(one === undefined ? numberOf(tens) + numberOf(ones) : numberOf(one)),
    )
    .replace(/\ba (hundred|thousand|million)\b/g, '1 $1')
    .replace(/\b(\d+) hundred\b/g, (_, n: string) => String(Number(n) * 100))
    .replace(/\b(\d+) thousand\b/g, (_, n: string) => String(Number(n) * 1000))
    .replace(/\b(\d+) million\b/g, (_, n: string) => String(Number(n) * 1_000_000))
    .replace(/\b(\d+)k\b/g, (_, n: string) => String(Number(n) * 1000))
    .replace(/(\d),(?=\d{3}\b)/g, '$1')
    .replace(/\bonce\b/g, '1 times')
    .replace(/\btwice\b/g, '2 times')
    .replace(/\bthrice\b/g, '3 times')
}
