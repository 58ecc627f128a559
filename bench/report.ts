// docs/benchmarks.md: each benchmark writes its own section and leaves the others.
import { readFileSync, writeFileSync } from 'node:fs'

const FILE = new URL('../docs/benchmarks.md', import.meta.url)

/** Replaces the section `name`, or adds it at the end. */
export function writeSection(name: string, text: string): void {
  const [start, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const section = `${start}\n${text.trim()}\n${end}\n`
  const before = readFileSync(FILE, 'utf8')
  const [from, to] = [before.indexOf(start), before.indexOf(end)]
  const after =
    from < 0 || to < 0
      ? `${before.trimEnd()}\n\n${section}`
      : before.slice(0, from) + section + before.slice(to + end.length + 1)
  writeFileSync(FILE, after)
}
