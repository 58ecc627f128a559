// All tests by one command: installs the servers that some of them need (Debian, as root), checks types and style, runs node:test.
// `node scripts/test.ts [files...]` runs only these files, without the checks.
import { spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { build } from './build.ts'

const root = new URL('..', import.meta.url).pathname

/** Debian packages by the program they bring. */
const SERVERS: Record<string, string> = {
  etcd: 'etcd-server',
  'redis-server': 'redis-server',
  nginx: 'nginx-light',
  chromium: 'chromium',
  kcat: 'kcat',
  slapd: 'slapd',
}

function execute(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

function has(program: string): boolean {
  return (
    spawnSync('sh', ['-c', `command -v ${program}`], {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
    }).status === 0
  )
}

function installServers(): void {
  const missing = Object.keys(SERVERS).filter((program) => !has(program))
  if (!missing.length || process.getuid?.() !== 0 || !has('apt-get')) return
  console.log(`installing ${missing.join(', ')} for the tests that need them`)
  const quiet = { stdio: 'ignore' as const, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
  spawnSync('apt-get', ['update', '-qq'], quiet)
  spawnSync(
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...missing.map((program) => SERVERS[program] as string)],
    quiet,
  )
}

const files = process.argv.slice(2)
const checks: [string, string[]][] = [
  ['tsc', ['-p', 'tsconfig.json']],
  ['tsc', ['-p', 'console/tsconfig.json']],
  ['biome', ['check', '--error-on-warnings', '.']],
  ['knip', []],
]
if (!files.length) installServers()
if (!(await build())) process.exit(1)
const checked = files.length > 0 || checks.every(([command, args]) => execute(command, args))
/** What measures times, or holds answers against windows of time that were recorded: it has the machine for itself. */
const QUIET = /^test\/(?:compat\/(?:cache|traffic)-recordings|(?:console|operations)\/speed|console\/picture)/
/** Folders whose files take longest: they begin, so that none of them runs on alone at the end. */
const LONG = /^test\/(?:spoken|console|e2e|cli|compat\/[^/]+$|servers)/
/** At a time. Most files wait more than they compute, so that two processors have work for three. */
const TOGETHER = Math.ceil(1.5 * availableParallelism())

async function runTests(tests: string[], concurrency: number): Promise<boolean> {
  // V8's code of a module is kept for the process of the next file, which would otherwise strip its types and compile it again.
  const compiled = join(root, 'node_modules/.cache/compiled')
  // What tests leave behind, those that fail above all, goes with this; some look at it as another user.
  const scratch = mkdtempSync(join(tmpdir(), 'gateward-tests-'))
  chmodSync(scratch, 0o755)
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled, TMPDIR: scratch }
  const running = run({ files: tests, concurrency, timeout: 120_000, env })
  let passed = true
  running.on('test:fail', () => {
    passed = false
  })
  await pipeline(running, new spec(), process.stdout, { end: false })
  rmSync(scratch, { recursive: true, force: true })
  return passed
}

async function runAll(): Promise<boolean> {
  const tests = globSync('test/**/*.test.ts')
    .sort()
    .sort((a, b) => Number(LONG.test(b)) - Number(LONG.test(a)))
  const together = await runTests(
    tests.filter((file) => !QUIET.test(file)),
    TOGETHER,
  )
  return (
    (await runTests(
      tests.filter((file) => QUIET.test(file)),
      1,
    )) && together
  )
}

const tested = checked && (await (files.length ? runTests(files, 1) : runAll()))
process.exit(tested ? 0 : 1)
