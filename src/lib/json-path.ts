// The part of JSONPath (RFC 9535) that names places in a document: `$.a.b`, `$['a b']`, `$.list[0]`, `$.list[*].x`, `$.*`, `$..name`. Filters,
// slices and unions are refused. A place is named once, however many ways lead to it, so that a document bounds what a path finds in it.

type Step = { name: string } | { index: number } | 'all'

interface Segment {
  step: Step
  /** At any depth (`..`). */
  deep: boolean
}

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
      places = placesIn(holders, segment)
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

/** Without recursion: documents may be nested deeper than the stack goes. */
function placesIn(holders: unknown[], { step, deep }: Segment): Place[] {
  const places: Place[] = []
  const seen = new Set<object>()
  const waiting = holders.toReversed()
  while (waiting.length > 0) {
    const holder = waiting.pop()
    if (holder === null || typeof holder !== 'object' || seen.has(holder)) continue
    if (deep) {
      seen.add(holder)
      const members = Object.values(holder)
      for (let at = members.length - 1; at >= 0; at--) waiting.push(members[at])
    }
    const members = holder as Record<string, unknown>
    for (const name of namesIn(members, step)) places.push({ holder: members, name })
  }
  return places
}

function namesIn(holder: Record<string, unknown>, step: Step): string[] {
  if (step === 'all') return Object.keys(holder)
  const isList = Array.isArray(holder)
  const name = 'name' in step ? step.name : String(step.index)
  return 'index' in step === isList && Object.hasOwn(holder, name) ? [name] : []
}
