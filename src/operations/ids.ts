// Readable ids for what is made without one.

/** The small letters and digits of a text, joined by `-`; '' when it has none. */
export function slug(text: string, maxChars: number): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maxChars)
    .replace(/^-+|-+$/g, '')
}

/** The first of `base`, `base-2`, `base-3` that is not taken. */
export function freeId(base: string, taken: ReadonlySet<string | undefined>): string {
  let id = base
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`
  return id
}
