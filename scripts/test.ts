// All tests by one command: installs the servers that some of them need (Debian, as root), checks types and style, runs node:test.
// `node scripts/test.ts [files...]` runs only these files, without the checks.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { build } from './build.ts'

/** Debian packages by the program they bring. */
const SERVERS: Record<string, string> = {
  etcd: 'etcd-server',
  'redis-server': 'redis-server',
  nginx: 'nginx-light',
  chromium: 'chromium',
  kcat: 'kcat',
  slapd: 'slapd',
}

function run(command: string, args: string[]): boolean {
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
const checked = files.length > 0 || checks.every(([command, args]) => run(command, args))
/** Whole processes against recordings and in a browser: they measure times, and need the machine for themselves. */
const ALONE = /^test\/(?:compat\/[^/]+$|console|e2e)/

function runTests(tests: string[], concurrency: number): boolean {
  const options = ['--test-timeout=120000', '--test-reporter=spec', `--test-concurrency=${concurrency}`]
  return run(process.execPath, ['--test', ...options, ...tests])
}

function runAll(): boolean {
  const tests = globSync('test/**/*.test.ts').sort()
  const together = runTests(
    tests.filter((file) => !ALONE.test(file)),
    2,
  )
  return (
    runTests(
      tests.filter((file) => ALONE.test(file)),
      1,
    ) && together
  )
}

const tested = checked && (files.length ? runTests(files, 1) : runAll())
process.exit(tested ? 0 : 1)
