// What is not understood as it was said is read again with the names of what is there: routes first, then consumers, then upstreams, as far as it takes.
// Nothing but reading has happened until then. It holds no state: what was read stands in the conversation, in the order in which it was asked for.
import { aboutStep } from './about.ts'
import type { Step } from './interpreter.ts'
import { mentioned, NAMED_KINDS, type Named, partOfNames, type Reading, readings } from './names.ts'
import type { ToolResult } from './said-before.ts'

/** The next step for a sentence, given what tools answered to it; `seen`: how many of all answers of the turn had come by then. */
export type StepFor = (sentence: string, results: readonly ToolResult[], names: readonly Named[], seen: number) => Step

/** `who`: the consumer that was spoken of last. */
export function understoodStep(sentence: string, results: readonly ToolResult[], stepFor: StepFor, who?: string): Step {
  const follow = (from: readonly ToolResult[], said: string, known: readonly Named[]): Followed =>
    followed(from, (some) => stepFor(said, some, known, results.length - from.length + some.length))
  const first = follow(results, sentence, [])
  if (!isOpen(first.step)) return first.step
  let { rest } = first
  let { step } = first
  const names: Named[] = []
  const tried = new Set<string>()
  for (const kind of NAMED_KINDS) {
    const [look] = rest
    if (look === undefined) return { tool: 'look', input: { kind }, aside: true }
    rest = rest.slice(1)
    if (look.value.error !== undefined) return first.step
    names.push(...((look.value.rows ?? []) as Omit<Named, 'kind'>[]).map((one) => ({ ...one, kind })))
    const asSaid = { text: sentence, slips: [] }
    const all = readings(sentence, names, who)
    for (const { text, slips } of mentioned(sentence, names).length ? [...all, asSaid] : all) {
      const key = `${text === sentence ? kind : ''} ${text}`
      if (tried.has(key)) continue
      tried.add(key)
      const next = follow(rest, text, names)
      if (!isOpen(next.step)) return slips.length ? withSlips(next.step, slips, text) : next.step
      rest = next.rest
      if (!isVague(next.step)) step = next.step
    }
    const about = aboutStep(all[0]?.text ?? sentence, names, rest)
    if (about) return about
  }
  const open = isVague(step) || asksWhich(step)
  const alone = (text: string): Step => stepFor(text, [], names, results.length)
  return (open ? (oneByOne(sentence, alone, names) ?? meantStep(sentence, names)) : undefined) ?? step
}

/** `acme`, where there is a partner-acme: too little to act on. */
function meantStep(sentence: string, names: readonly Named[]): Step | undefined {
  const [word, ...more] = partOfNames(sentence, names)
  return word && !more.length
    ? { unclear: `I find no ${word.said}. Do you mean ${word.names.join(' or ')}?` }
    : undefined
}

/** Two routes are named, and it is not clear for which wish. */
function asksWhich(step: Step): boolean {
  return 'unclear' in step && step.unclear.startsWith('Which one do you mean')
}

/** `delete search and show me the routes`: wishes of which each would be understood, but that do not go into one plan. */
function oneByOne(sentence: string, stepOf: (text: string) => Step, names: readonly Named[]): Step | undefined {
  const pieces = sentence.split(
    /(?:\s*[,;]|[.!])\s+(?:(?:and|then|also)\s+)*|\s+(?:and|then|plus)\s+(?:(?:then|also)\s+)*/i,
  )
  if (pieces.length < 2 || pieces.length > MAX_PIECES) return undefined
  const clear = (piece: string): boolean =>
    [piece, ...readings(piece, names).map(({ text }) => text)].some((text) => 'tool' in stepOf(text))
  return pieces.every(clear)
    ? { unclear: `I do that one by one: say ${pieces.map((one) => JSON.stringify(one)).join(', then ')}.` }
    : undefined
}

const MAX_PIECES = 3

/** A word that was taken for a name is told of; nothing is deleted by it. */
function withSlips(step: Step, slips: Reading['slips'], text: string): Step {
  const told = slips.map(([said, name]) => `I took ${JSON.stringify(said)} for ${name}.`).join(' ')
  if ('say' in step) return { ...step, say: `${told} ${step.say}` }
  const deletes = 'tool' in step && step.tool === 'plan' && 'changes' in step.input
  return deletes
    ? { unclear: `I find no ${slips.map(([said]) => said).join(' and no ')}. Do you mean "${text}"?` }
    : step
}

interface Followed {
  step: Step
  rest: readonly ToolResult[]
}

/** Takes results one by one until a step is open: what is left belongs to another reading. */
function followed(results: readonly ToolResult[], stepOf: (some: readonly ToolResult[]) => Step): Followed {
  for (let taken = 0; taken <= results.length; taken++) {
    const step = stepOf(results.slice(0, taken))
    if (isOpen(step) || taken === results.length) return { step, rest: results.slice(taken) }
  }
  throw new Error('a list of results has an end')
}

/** Not understood, or about something that is not there by that name. */
function isOpen(step: Step): boolean {
  return 'unclear' in step || ('say' in step && step.missing === true)
}

const VAGUE = /^I did not understand .*(?:that|so nothing was done)\.(?: I have no meaning for .*)?$/m

/** Says less than what was said of the sentence before. */
function isVague(step: Step): boolean {
  return 'unclear' in step && VAGUE.test(step.unclear)
}
