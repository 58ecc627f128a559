// Writes docs/plugins/NAME.md for every plugin, docs/plugins/README.md, and the tables of docs/operations.md and docs/settings.md from the source:
// `npm run docs`. With `--check` it writes nothing and names the pages that would change. The example in a plugin's page is written by hand and stays; a
// new page gets one made of the schema's examples.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import type { Plugin, PluginInstance } from '../src/gateway/plugin.ts'
import { plugins } from '../src/plugins/index.ts'
import { threadForTest } from '../test/gateway/thread-for-test.ts'
import { operationTables } from './operations-page.ts'
import {
  draftExample,
  exampleOf,
  type IndexEntry,
  introOf,
  renderIndex,
  renderPage,
  requestsOf,
} from './plugin-page.ts'
import { settingsTables } from './settings-page.ts'

const PAGES = new URL('../docs/', import.meta.url)
const SOURCES = new URL('../src/plugins/', import.meta.url)
const PHASES: (keyof PluginInstance)[] = ['rewrite', 'access', 'before_proxy', 'header_filter', 'body_filter', 'log']

/** Every page by its file name, as it should be. */
export function makePages(): Map<string, string> {
  const pages = new Map<string, string>()
  const entries: IndexEntry[] = []
  const thread = threadForTest()
  for (const plugin of plugins) {
    const { name, priority } = plugin
    const intro = introOf(readFileSync(new URL(`${name}.ts`, SOURCES), 'utf8'))
    const file = new URL(`plugins/${name}.md`, PAGES)
    const example = (existsSync(file) ? exampleOf(readFileSync(file, 'utf8')) : undefined) ?? draftExample(plugin)
    const phases = phasesOf(thread, plugin, example)
    pages.set(`plugins/${name}.md`, renderPage(plugin, intro, example, phases))
    entries.push({ name, priority, intro, phases })
  }
  thread.close()
  pages.set('plugins/README.md', renderIndex(entries))
  pages.set('operations.md', withTables('operations.md', operationTables()))
  return pages.set('settings.md', withTables('settings.md', { settings: settingsTables() }))
}

/** A page written by hand, with its tables as they should be: each stands between `<!-- NAME: npm run docs -->` and `<!-- /NAME -->`. */
function withTables(file: string, tables: Record<string, string[]>): string {
  return Object.entries(tables).reduce(
    (text, [name, lines]) =>
      text.replace(
        new RegExp(`(<!-- ${name}: npm run docs -->\\n)[\\s\\S]*?(<!-- /${name} -->)`),
        (_, start: string, end: string) => `${start}${lines.join('\n')}\n${end}`,
      ),
    readFileSync(new URL(file, PAGES), 'utf8'),
  )
}

/** The phases that the plugin takes part in where the example configures it. */
function phasesOf(thread: ReturnType<typeof threadForTest>, { name }: Plugin, example: string): string[] {
  const configured = requestsOf(example).map(({ body }) => (body.plugins as Record<string, object> | undefined)?.[name])
  const conf = configured.findLast((one) => one !== undefined)
  if (!conf) return []
  thread.put('routes/example', { uri: '/*', plugins: { [name]: conf }, upstream: { nodes: { '127.0.0.1:1': 1 } } })
  const found = thread.routes.match({ path: '/', host: 'a', method: 'GET', remoteAddr: '', var: () => undefined })
  const instance = found?.served.route.active.find((one) => one.name === name)?.instance
  return PHASES.filter((phase) => instance?.[phase] !== undefined)
}

/** The names of pages that are not as they should be. */
export function stalePages(): string[] {
  const stale: string[] = []
  for (const [file, text] of makePages()) {
    const path = new URL(file, PAGES)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) stale.push(file)
  }
  return stale
}

function main(check: boolean): void {
  const stale = stalePages()
  if (check) {
    for (const file of stale) console.error(`docs/${file} is not up to date: npm run docs`)
    process.exitCode = stale.length > 0 ? 1 : 0
    return
  }
  const pages = makePages()
  for (const file of stale) writeFileSync(new URL(file, PAGES), pages.get(file) as string)
  console.log(`${stale.length} of ${pages.size} pages written`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.includes('--check'))
