// Builds what is served and what is run: the console into console/dist, the program into dist. Each only when its sources are newer than what is
// there (`--always`: in any case). `npm start` and the tests call it, so that nobody has to think of it. An installed package brings both and has
// no sources: then there is nothing to do.
//
// The program becomes one bundle with its libraries, in a few files: Node then opens, checks and links some twenty modules instead of two
// thousand, which is two thirds of the time of a start.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isBuilt, isUpToDate } from '../bin/built.js'

const root = new URL('..', import.meta.url).pathname

/** True when console and program are there and up to date afterwards. */
export async function build(always = false): Promise<boolean> {
  const [console, program] = [buildConsole(always), await buildProgram(always)]
  return console && program
}

function buildConsole(always: boolean): boolean {
  const built = join(root, 'console/dist/index.html')
  const sources = globSync(
    ['console/{index.html,vite.config.ts,widgets.config.ts}', 'console/src/**/*', 'package-lock.json'],
    {
      cwd: root,
    },
  )
  if (!sources.includes('console/index.html')) return true
  const files = sources.map((file) => join(root, file))
  if (!always && isUpToDate(built, files)) return true
  const vite = join(root, 'node_modules/vite/bin/vite.js')
  if (!existsSync(vite)) return existsSync(built) // installed without development dependencies: the page says what to do
  const run = (config: string): boolean =>
    spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn', '--config', `console/${config}`, 'console'], {
      cwd: root,
      stdio: 'inherit',
    }).status === 0
  // The first empties the directory that the second writes into.
  return run('vite.config.ts') && run('widgets.config.ts')
}

async function buildProgram(always: boolean): Promise<boolean> {
  if (!existsSync(join(root, 'src')) || (isBuilt() && !always)) return true
  const bundler = await import('rolldown').catch(() => undefined)
  if (!bundler) return true // installed without development dependencies: the sources are run
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const bundle = await bundler.rolldown({
    input: { main: join(root, 'src/cli/main.ts'), worker: join(root, 'src/gateway/worker.ts') },
    platform: 'node',
    logLevel: 'warn',
    plugins: [
      {
        name: 'http-without-fetch',
        resolveId: (id) => (/^(?:node:)?http$/.test(id) ? HTTP : null),
        load: (id) => (id === HTTP ? httpModule() : null),
      },
      {
        name: 'webassembly-beside-the-bundle',
        transform(code, id) {
          if (!code.includes('.wasm')) return null
          return code.replace(WASM_FILE, (_, path: string) => {
            const file = new URL(path, pathToFileURL(id))
            const fileName = basename(file.pathname)
            this.emitFile({ type: 'asset', fileName, source: readFileSync(file) })
            return `new URL('./${fileName}', import.meta.url)`
          })
        },
      },
    ],
  })
  const { output } = await bundle.write({
    dir: join(root, 'dist'),
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  })
  await bundle.close()
  writeFileSync(
    join(root, 'dist/LICENSES.txt'),
    licenses(output.flatMap((one) => ('moduleIds' in one ? one.moduleIds : []))),
  )
  return true
}

/** How a library (@platformatic/kafka's) names the WebAssembly that it reads when it is loaded. */
const WASM_FILE = /new URL\(['"]([^'"]+\.wasm)['"], import\.meta\.url\)/g

const HTTP = '\0http'

/**
 * Importing node:http as a module reads its getters WebSocket and CloseEvent, which loads all of Node's fetch: 30 ms for each thread. The same
 * module without them.
 */
function httpModule(): string {
  const names = Object.entries(Object.getOwnPropertyDescriptors(http)).flatMap(([name, { get }]) => (get ? [] : name))
  return `const http = process.getBuiltinModule('node:http'); export default http; export const { ${names.join(', ')} } = http`
}

/** The licence texts of the libraries that the bundle holds. */
function licenses(modules: string[]): string {
  const folders = new Set(modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id) ?? []))
  return [...folders]
    .sort()
    .map((folder) => {
      const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
      const files = readdirSync(folder).filter((file) => /^(?:licen[cs]e|notice)/i.test(file))
      const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license?: string }
      const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim())
      return [`== ${name} (${license ?? 'see below'})`, ...texts].join('\n\n')
    })
    .join('\n\n\n')
}

const always = process.argv.includes('--always')
// Before a start a console that cannot be built is no reason not to start the gateway.
if (import.meta.main && !(await build(always)) && always) process.exitCode = 1
