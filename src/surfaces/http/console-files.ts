// The console's built files: read once when the process starts, from `console/dist` (made by `npm run build`), and served from memory.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROOT } from '../../lib/root.ts'

export const PAGE_CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

export interface ConsoleFiles {
  /** The page; undefined when the console is not built. */
  page: string | undefined
  /** By name, with a digest in the name: a browser may keep them for good. */
  assets: ReadonlyMap<string, { type: string; body: Uint8Array<ArrayBuffer> }>
}

export function readConsole(directory = fileURLToPath(new URL('console/dist/', ROOT))): ConsoleFiles {
  const index = `${directory}index.html`
  if (!existsSync(index)) return { page: undefined, assets: new Map() }
  const assets = readdirSync(`${directory}assets`).flatMap((name) => {
    const type = TYPES[extname(name)]
    return type ? [[name, { type, body: new Uint8Array(readFileSync(`${directory}assets/${name}`)) }] as const] : []
  })
  return { page: readFileSync(index, 'utf8'), assets: new Map(assets) }
}
