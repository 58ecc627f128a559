// The names that somebody probably meant: for messages about unknown names.

const MAX_NAME_LENGTH = 64

/** The closest of the candidates; undefined when none is close. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  return nearestNames(name, candidates)[0]
}

/**
 * At most three of the candidates, the closest first: those whose edit distance is at most a third of the name's length (at least 2, and 1 for
 * three letters or fewer), whatever the case, and those that begin with the name.
 */
export function nearestNames(name: string, candidates: Iterable<string>): string[] {
  if (name.length > MAX_NAME_LENGTH) return []
  const wanted = name.toLowerCase()
  const limit = name.length <= 3 ? 1 : Math.max(2, Math.floor(name.length / 3))
  return [...candidates]
    .map((candidate) => ({ candidate, distance: editDistance(wanted, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= limit || (wanted !== '' && candidate.startsWith(wanted)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(substitution, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[b.length] as number
}
