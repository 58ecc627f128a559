// Sentences that lean on what was planned before: `make it 10 instead`, `the same for /orders`.
import type { LanguageModelV4Prompt } from '@ai-sdk/provider'
import type { Command } from './sentences/command.ts'
import { needsRoute, PARTIAL } from './sentences/index.ts'
import { toDigits, UNIT, unitOf } from './sentences/numbers.ts'

type Intent = { do: string; route?: string } & Record<string, unknown>

const NOTHING = 'I do not see what that is about: say it in full.'

/** The number that an intent is about. */
const NUMBERS: Readonly<Record<string, string>> = {
  limit: 'count',
  limit_rate: 'rate',
  limit_concurrency: 'count',
  retry: 'times',
  split: 'percent',
  cache: 'seconds',
  health_checks: 'seconds',
}

/** The intents that were planned last, with another number; a text when it is not clear which. */
export function withNumber(
  { number, seconds, per }: Extract<Command, { type: 'instead' }>,
  prompt: LanguageModelV4Prompt,
  route: string | undefined,
): Intent[] | string {
  if (per !== undefined) return withUnit(number, per, prompt, route)
  const numbered = lastIntents(prompt).flatMap((intent): { intent: Intent; field: string }[] => {
    const field = intent.do === 'timeouts' ? onlyTime(intent) : NUMBERS[intent.do]
    return field === undefined ? [] : [{ intent, field }]
  })
  const [one] = numbered
  if (!one) return NOTHING
  if (new Set(numbered.map(({ intent: { route: _route, ...rest } }) => JSON.stringify(rest))).size > 1)
    return `There were several numbers (${numbered.map(({ intent }) => intent.do).join(', ')}): say it in full.`
  const timed = one.field === 'seconds' || one.intent.do === 'timeouts'
  const unit = timed && seconds === undefined ? unitSaid(Number(one.intent[one.field]), prompt) : undefined
  const span = unit === undefined ? seconds : unit * Number(number)
  if (timed !== (span !== undefined)) return timed ? 'Say it with its unit, for example "make it 10 minutes".' : NOTHING
  return numbered.map(({ intent, field }) => onRoute({ ...intent, [field]: span ?? number }, route))
}

/** The unit in which a time was said, as seconds: of `for 5 minutes` a minute. */
function unitSaid(seconds: number, prompt: LanguageModelV4Prompt): number | undefined {
  const said = prompt.filter((one) => one.role === 'user').at(-2)?.content ?? []
  const text = said.map((part) => (part.type === 'text' ? part.text : '')).join(' ')
  const spans = [...toDigits(text.toLowerCase()).matchAll(new RegExp(`\\b(\\d+(?:\\.\\d+)?)\\s*(${UNIT})\\b`, 'g'))]
  const found = spans.find(([, count, unit]) => Number(count) * unitOf(unit as string) === seconds)
  return found && unitOf(found[2] as string)
}

/** What was said of a new route when it was made has no route of its own. */
function onRoute(intent: Intent, route: string | undefined): Intent {
  return needsRoute(intent) && intent.route === undefined && route !== undefined ? { ...intent, route } : intent
}

/** The limit that was planned last for another time. */
function withUnit(
  number: number | undefined,
  per: number,
  prompt: LanguageModelV4Prompt,
  route: string | undefined,
): Intent[] | string {
  const limits = lastIntents(prompt).filter((one) => one.do === 'limit')
  if (!limits.length) return NOTHING
  if (new Set(limits.map((one) => `${one.count} ${one.seconds}`)).size > 1)
    return 'There were several limits: say it in full.'
  return limits.map((one) => onRoute({ ...one, count: number ?? one.count, seconds: per }, route))
}

/** What was planned last, only for some methods: the plugins of it, or the route itself where it was made. */
export function onlyFor(
  { methods, spared }: Extract<Command, { type: 'only-for' }>,
  prompt: LanguageModelV4Prompt,
  route: string | undefined,
): Intent[] | string {
  const last = lastIntents(prompt)
  if (route !== undefined && last.some((one) => one.do === 'publish' || one.do === 'only_methods'))
    return [{ do: 'only_methods', [spared ? 'except' : 'methods']: methods, route }]
  const some = last.filter((one) => PARTIAL.test(one.do))
  if (!some.length) return NOTHING
  const when = [spared ? ['request_method', '!', 'in', methods] : ['request_method', 'in', methods]]
  return some.map((one) => onRoute({ ...one, when }, route))
}

/** The intents about a route that were planned last. */
export function repeated(prompt: LanguageModelV4Prompt): Intent[] | string {
  const intents = lastIntents(prompt)
  if (intents.some((one) => one.do === 'publish')) return 'A new route needs its own path and address: say it in full.'
  const about = intents.filter((one) => needsRoute(one))
  return about.length ? about.map(({ route: _route, ...one }) => one) : NOTHING
}

/** The routes that the latest plan has given to chats. */
export function givenToChats(prompt: LanguageModelV4Prompt): string[] {
  return lastIntents(prompt).flatMap(({ do: name, route }) =>
    name === 'chat_api' && route !== undefined ? [route] : [],
  )
}

function onlyTime({ do: _do, route: _route, ...fields }: Intent): string | undefined {
  const names = Object.keys(fields)
  return names.length === 1 ? names[0] : undefined
}

export function lastIntents(prompt: LanguageModelV4Prompt): Intent[] {
  for (const message of [...prompt].reverse()) {
    if (message.role !== 'assistant') continue
    for (const part of [...message.content].reverse()) {
      if (part.type !== 'tool-call' || part.toolName !== 'plan') continue
      const input = (typeof part.input === 'string' ? JSON.parse(part.input) : part.input) as { intents?: Intent[] }
      return input.intents ?? []
    }
  }
  return []
}
