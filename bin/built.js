// Whether dist/ holds what src/ says. Plain JavaScript: the command line asks before it knows whether this Node can run TypeScript.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The program as one bundle; starts three times as fast as the sources. */
export const BUILT = `${root}dist/main.js`
export const SOURCE = `${root}src/cli/main.ts`

/** True when the file `built` is there and none of `sources` is newer. */
export function isUpToDate(built, sources) {
  if (!existsSync(built)) return false
  const at = statSync(built).mtimeMs
  return !sources.some((file) => statSync(file).mtimeMs > at)
}

/** True when the bundle is there and nothing in src/ is newer. An installed package has no src/. */
export function isBuilt() {
  if (!existsSync(SOURCE)) return existsSync(BUILT)
  const files = readdirSync(`${root}src`, { recursive: true }).filter((name) => name.endsWith('.ts'))
  return isUpToDate(BUILT, [`${root}package-lock.json`, ...files.map((name) => `${root}src/${name}`)])
}
