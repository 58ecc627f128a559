// Makes a failing text shorter while it keeps failing: cuts out halves, then smaller and smaller pieces, until no single byte can go.

export function shrink(text: string, fails: (candidate: string) => boolean): string {
  let shortest = text
  for (let size = Math.ceil(shortest.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < shortest.length; ) {
      const candidate = shortest.slice(0, at) + shortest.slice(at + size)
      if (fails(candidate)) shortest = candidate
      else at += size
    }
  }
  return shortest
}
