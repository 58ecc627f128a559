// Builds the console into console/dist when its sources are newer than what is there (`--always`: in any case). `npm start` and the tests call it,
// so that nobody has to think of it. An installed package brings the built files and has no sources: then there is nothing to do.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const built = join(root, 'console/dist/index.html')

/** True when the console is there and up to date afterwards. */
export function buildConsole(always = false): boolean {
  const sources = globSync(['console/{index.html,vite.config.ts}', 'console/src/**/*', 'package-lock.json'], {
    cwd: root,
  })
  if (!sources.includes('console/index.html')) return true
  const newest = Math.max(...sources.map((file) => statSync(join(root, file)).mtimeMs))
  if (!always && existsSync(built) && statSync(built).mtimeMs >= newest) return true
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  if (!existsSync(vite)) return existsSync(built) // installed without development dependencies: the page says what to do
  return (
    spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn', 'console'], { cwd: root, stdio: 'inherit' })
      .status === 0
  )
}

const always = process.argv.includes('--always')
// Before a start a console that cannot be built is no reason not to start the gateway.
if (import.meta.main && !buildConsole(always) && always) process.exitCode = 1
