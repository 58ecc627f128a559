// A sentence as it reads once the names of what is there are known: `kick 10.0.0.2 out of the orders pool` is about the node 10.0.0.2:8080 of the
// upstream orders-pool, `serch` is a slip for the route search, `bob` is a consumer. A name that could be two things, or none, stays as it was said.
import { literal } from '../../lib/regex-literal.ts'
import { isKnown, isSlipOf } from './sentences/vocabulary.ts'

export type NamedKind = 'routes' | 'consumers' | 'upstreams'

/** Something that is there, as a list of its kind shows it. */
export interface Named {
  kind: NamedKind
  id: string
  summary: string
  /** What people call it, where that is not the id. */
  name?: string
}

/** In the order in which they are asked for. */
export const NAMED_KINDS: readonly NamedKind[] = ['routes', 'consumers', 'upstreams']

const NOUNS: Readonly<Record<NamedKind, string>> = { routes: 'route', consumers: 'consumer', upstreams: 'upstream' }

/** Nouns that tell of which kind the name beside them is. */
const OF_KIND: Readonly<Record<NamedKind, string>> = {
  routes: 'routes?|apis?|endpoints?',
  consumers: 'consumers?|users?|clients?|customers?|callers?|partners?',
  upstreams: 'upstreams?|pools?|backends?|clusters?',
}
const ANY_NOUN = `(?:${Object.values(OF_KIND).join('|')})`

/** What is no name wherever it stands: addresses, paths, and what stands in quotes or braces. */
const WHOLE = /"[^"]*"|`[^`]*`|\{.*\}|\b[a-z]+:\/\/\S+|(?<=^|\s)\/\S*/gi

/** Words before which a new name is made: it is nobody's slip. */
const MAKES =
  /\b(?:called|named|as|rename\s.*\bto|(?:add|create|make|new|register)\s+(?:an?\s+)?(?:new\s+)?(?:route|consumer|user|client|customer|upstream|pool|service|target)?)\s*$/i

/** The names that a sentence says, in order. */
export function mentioned(sentence: string, names: readonly Named[]): Named[] {
  const flat = sentence.replace(WHOLE, (one) => ' '.repeat(one.length))
  return names
    .map((one) => ({ one, at: placeOf(one, flat) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one)
    .filter((one, i, all) => all.findIndex((other) => other.id === one.id) === i)
}

/** Where a name stands: a word of the language is one only beside its noun. */
function placeOf({ kind, id }: Pick<Named, 'kind' | 'id'>, text: string): number {
  const own = new RegExp(`^(?:${OF_KIND[kind]})$`, 'i')
  for (const { index } of text.matchAll(new RegExp(`(?<![\\w./-])${literal(id)}(?![\\w-]|\\.\\w)`, 'gi'))) {
    const noun = nounBeside(text, index, id.length)
    if (noun === undefined ? !isKnown(id.toLowerCase()) : own.test(noun)) return index
  }
  return -1
}

function nounBeside(text: string, at: number, length: number): string | undefined {
  const before = new RegExp(`\\b(${ANY_NOUN.slice(3, -1)})\\s+(?:called\\s+|named\\s+)?["'\`]?$`, 'i').exec(
    text.slice(0, at),
  )
  const after = new RegExp(`^["'\`]?\\s+(${ANY_NOUN.slice(3, -1)})\\b`, 'i').exec(text.slice(at + length))
  return before?.[1] ?? after?.[1]
}

/** A way in which a sentence may be read; `slips`: words of it, and the names that they were taken for. */
export interface Reading {
  text: string
  slips: readonly (readonly [string, string])[]
}

/** The ways in which a sentence may be read, the nearest first; none when no name makes it another. `who`: the consumer that was spoken of last. */
export function readings(sentence: string, names: readonly Named[], who?: string): Reading[] {
  const slips: [string, string][] = []
  const spelled = withNodes(withWho(withIds(sentence, names, slips), who), names)
  const told = withReason(spelled, names)
  const ways = [...new Set([spelled, told, inActive(told)])]
  const all = ways.flatMap((one) => [one, withNouns(one, names)])
  return all.filter((one, i) => one !== sentence && all.indexOf(one) === i).map((text) => ({ text, slips }))
}

/** Names as they are written: slips, blanks in place of hyphens, what people call a thing in place of its id. */
function withIds(sentence: string, names: readonly Named[], slips: [string, string][]): string {
  const whole: string[] = []
  let text = sentence.replace(WHOLE, (one) => `\uE000${whole.push(one) - 1}\uE000`)
  for (const { id, name } of names) {
    for (const said of new Set([id, name ?? id])) {
      const parts = said.split(/[-_ ]/)
      const blanks = new RegExp(`(?<![\\w./-])${parts.map(literal).join('[-_ ]?')}(?![\\w-]|\\.\\w)`, 'gi')
      const differs = said !== id || parts.length > 1
      text = text.replace(blanks, (one) => (differs || !isKnown(one.toLowerCase()) ? id : one))
    }
  }
  const ids = new Set(names.map((one) => one.id.toLowerCase()))
  text = text.replace(/(?<![\w./-])[a-z][a-z-]{3,}(?![\w-]|\.\w)/gi, (word, at: number) => {
    const lower = word.toLowerCase()
    if (ids.has(lower) || isKnown(lower) || MAKES.test(text.slice(0, at))) return word
    const near = [...ids].filter((id) => isSlipOf(lower, id) || id === `${lower}s` || lower === `${id}s`)
    const meant = near.length === 1 ? names.find((one) => one.id.toLowerCase() === near[0])?.id : undefined
    if (meant !== undefined) slips.push([word, meant])
    return meant ?? word
  })
  return text.replace(/\uE000(\d+)\uE000/g, (_, at: string) => whole[Number(at)] as string)
}

/** Addresses of nodes with their ports, and where they are nodes. */
function withNodes(sentence: string, names: readonly Named[]): string {
  const places = names
    .filter(({ kind }) => kind !== 'consumers')
    .flatMap((one) => nodesIn(one.summary).map((node) => ({ one, node, host: node.replace(/:\d+$/, '') })))
  let where: Named | undefined
  const text = sentence.replace(/(?<![\w./:@-])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?(?![\w/]|\.\d)/g, (said) => {
    const found = places.filter(({ node, host }) => said === node || said === host)
    const nodes = new Set(found.map(({ node }) => node))
    const [first] = found
    if (nodes.size !== 1 || !first) return said
    if (found.length === 1) where = first.one
    return first.node
  })
  if (!where || mentioned(text, names).some((one) => one.kind !== 'consumers')) return text
  return `${text.replace(/[?.!\s]+$/, '')} on ${NOUNS[where.kind]} ${where.id}`
}

function nodesIn(summary: string): string[] {
  return [...(/-> ([^[{"(]*)/.exec(summary)?.[1] ?? '').matchAll(/(\S+?:\d+)(?:=\d+)?(?=\s|$)/g)].map(
    ([, one]) => one as string,
  )
}

/** `give him 100 calls a day` */
function withWho(sentence: string, who: string | undefined): string {
  if (who === undefined) return sentence
  return sentence
    .replace(/\b(?:his|her|their)\b/gi, `${who}'s`)
    .replace(/\b(?:him|he|she|they|them|this (?:user|client|consumer|customer)|her)\b/gi, who)
}

/** `search` becomes `route search`. */
function withNouns(sentence: string, names: readonly Named[]): string {
  let text = sentence
  // What a route leads to is said of the route.
  for (const { kind, id } of names)
    if (kind === 'routes' && !names.some((one) => one.kind === 'upstreams' && one.id === id))
      text = text.replace(
        new RegExp(`(?<![\\w./-])(?:the\\s+)?${literal(id)}\\s+(?:upstream|pool|backend)s?\\b`, 'gi'),
        `route ${id}`,
      )
  for (const { kind, id } of mentioned(text, names)) {
    const at = placeOf(
      { kind, id },
      text.replace(WHOLE, (one) => ' '.repeat(one.length)),
    )
    if (at < 0 || nounBeside(text, at, id.length) !== undefined) continue
    const before = text.slice(0, at)
    const listed = names.some((one) => new RegExp(`\\b${literal(one.id)}(?:,| and|, and| or)\\s+$`, 'i').test(before))
    if (!listed) text = `${before}${NOUNS[kind]} ${text.slice(at)}`
  }
  return text
}

/** Words that are a part of names, and of nothing else that is known. */
export function partOfNames(sentence: string, names: readonly Named[]): { said: string; names: string[] }[] {
  const words =
    sentence
      .replace(WHOLE, ' ')
      .toLowerCase()
      .match(/(?<![\w.-])[a-z]{3,}(?![\w-])/g) ?? []
  return [...new Set(words)].flatMap((said) => {
    if (isKnown(said) || names.some(({ id }) => id.toLowerCase() === said)) return []
    const found = names.filter(({ id }) => id.toLowerCase().split(/[-_.]/).includes(said))
    return found.length && found.length <= 3 ? [{ said, names: found.map(({ id }) => id) }] : []
  })
}

/** Wishes that are said of a thing: `X can be deleted`. */
const VERBS =
  'delete remove drop disable enable limit cache compress protect move redirect block retry answer mock rename throttle log mirror split rewrite publish expose serve forward send copy undo rotate secure open close check balance'.split(
    ' ',
  )

/** `X can be deleted` becomes `delete X`. */
function inActive(sentence: string): string {
  const [, thing, participle, rest] =
    /^(.+?)\s+(?:can|should|must|has to|have to|needs? to|may|could|shall)\s+(?:now\s+|also\s+|please\s+)?be\s+([a-z]+)\b\s*(.*)$/i.exec(
      sentence,
    ) ?? []
  const verb =
    participle &&
    VERBS.find((one) =>
      [`${one}ed`, `${one}d`, one.replace(/y$/, 'ied'), `${one}${one.at(-1)}ed`].includes(participle.toLowerCase()),
    )
  return verb ? `${verb} ${thing} ${rest}`.trim() : sentence
}

/** Why something is wished, which is no wish. */
const REASON =
  /\b(?:left|gone|quit|retired|resigned|fired|needed|unused|use[sd]?|obsolete|outdated|deprecated|dead|broken|slow|old|moved|trouble|abus\w+|spam\w+|hammer\w+|leak\w+|compromised|stolen|down|overloaded|attack\w*|attacked|busy|crash\w*|fail\w*|important|new|wrong|complain\w*|annoy\w*|ready|stable|fine|big|long|end\w*|expire\w*|over|closed|cancel\w*|finished)\b/i

/** `the search route isn't needed any more, drop it`: the reason goes, and what it was about takes the place of `it`. */
function withReason(sentence: string, names: readonly Named[]): string {
  const [, before, after] =
    /^(.+?)(?:\s*[,;.]\s+|\s+(?:because|since|as)\s+)((?:the|it|he|she|they|its|his|her|we|nobody|no one|noone|nothing|everybody|everyone|people|there)\b.*)$/i.exec(
      sentence,
    ) ?? []
  if (before && after && REASON.test(after) && !/\d/.test(after) && !mentioned(after, names).length)
    if (mentioned(before, names).length) return before
  const [, reason, wish] =
    /^(.+?)(?:\s*[,.;:!-]\s+(?:so\s+|and\s+)?|\s+(?:so|and therefore)\s+)(.+)$/i.exec(sentence) ?? []
  if (!reason || !wish || !REASON.test(reason) || /\d/.test(reason)) return sentence
  const about = mentioned(reason, names)
  const [one] = about
  if (about.length !== 1 || !one || mentioned(wish, names).length) return sentence
  const own = wish
    .replace(/\b(?:his|her|its|their)\b(?=\s+\w)/i, `${one.id}'s`)
    .replace(/\b(?:it|this|that|him|her|them)\b/i, one.id)
  return own === wish ? sentence : own
}
