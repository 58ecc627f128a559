// The part of JSONPath (RFC 9535) that names places in a document: `$.a.b`, `$['a b']`, `$.list[0]`, `$.list[*].x`, `$.*`, `$..name`. Filters,
// slices and unions are refused.

type Step = { name: string } | { index: number } | 'all'

interface Segment {
  step: Step
  /** At any depth (`..`). */
  deep: boolean
}

/** Places that one path may name in a document: further ones are an error, so that none is passed over in silence. */
const MAX_PLACES = 10_000
const SEGMENT = /(\.\.?)(\*|[^.[\]*'"]+)|(\.\.)?\[(?:'([^']*)'|"([^"]*)"|(\d+)|(\*))\]/y

/** A place: the object or list that holds it, and its name there. */
export interface Place {
  holder: Record<string, unknown>
  name: string
}

/** Compiles a path; throws an Error when it is none of the forms above. */
export function compileJsonPath(path: string): (document: unknown) => Place[] {
  const segments = parse(path)
  return (document) => {
    let holders: unknown[] = [document]
    let places: Place[] = []
    for (const segment of segments) {
      places = holders.flatMap((holder) => placesIn(holder, segment))
      if (places.length > MAX_PLACES) throw new Error(`${path} names more than ${MAX_PLACES} places`)
      holders = places.map(({ holder, name }) => holder[name])
    }
    return places
  }
}

function parse(path: string): Segment[] {
  const refuse = (): never => {
    throw new Error(`${JSON.stringify(path)} is not a path such as $.user.password or $.cards[*].number`)
  }
  if (!path.startsWith('$') || path.length === 1) return refuse()
  const segments: Segment[] = []
  SEGMENT.lastIndex = 1
  while (SEGMENT.lastIndex < path.length) {
    const found = SEGMENT.exec(path)
    if (!found) return refuse()
    const [, dots, word, deep, single, double, index, star] = found
    const name = word ?? single ?? double
    const step: Step =
      star !== undefined || word === '*'
        ? 'all'
        : index === undefined
          ? { name: name as string }
          : { index: Number(index) }
    segments.push({ step, deep: dots === '..' || deep !== undefined })
  }
  return segments
}

function placesIn(holder: unknown, { step, deep }: Segment): Place[] {
  if (holder === null || typeof holder !== 'object') return []
  const members = holder as Record<string, unknown>
  const own = namesIn(members, step).map((name) => ({ holder: members, name }))
  if (!deep) return own
  return [...own, ...Object.values(members).flatMap((member) => placesIn(member, { step, deep }))]
}

function namesIn(holder: Record<string, unknown>, step: Step): string[] {
  if (step === 'all') return Object.keys(holder)
  const isList = Array.isArray(holder)
  const name = 'name' in step ? step.name : String(step.index)
  return 'index' in step === isList && Object.hasOwn(holder, name) ? [name] : []
}
