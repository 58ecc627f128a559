// What somebody new does wrong with the command, and what it answers: what, where, what to do.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { until } from '../until.ts'
import { BIN, freePort, type Running, run, start } from './process.ts'
import { PTY } from './pseudo-terminal.ts'

const oneLine = (text: string): void => assert.equal(text.trim().split('\n').length, 1, text)
const directory = (): string => mkdtempSync(join(tmpdir(), 'gw-'))
/** Ports that nobody else has. */
const NOWHERE = {
  GATEWARD_GATEWAY_HTTP: '127.0.0.1:0',
  GATEWARD_GATEWAY_HTTPS: '',
  GATEWARD_ADMIN_LISTEN: '127.0.0.1:0',
  GATEWARD_SURFACE_LISTEN: '127.0.0.1:0',
  GATEWARD_METRICS_LISTEN: 'off',
}

let running: Running

before(async () => {
  running = await start()
})
after(() => running.stop())

test('help: of all commands, of one in three ways, with its flags', async () => {
  const all = await run(['help'])
  assert.equal(all.code, 0)
  assert.match(all.stdout, /\n {2}start {4}run the gateway/)
  const [flag, short, word] = await Promise.all([run(['lint', '--help']), run(['lint', '-h']), run(['help', 'lint'])])
  assert.deepEqual([flag.code, short.code, word.code], [0, 0, 0])
  assert.equal(flag.stdout, word.stdout)
  assert.equal(short.stdout, word.stdout)
  assert.match(flag.stdout, /^gateward lint\n[\s\S]*--search TEXT {3}only rows[\s\S]*--fail-on TEXT[\s\S]*--json/)
  const settings = (await run(['start', '--help'])).stdout
  assert.match(settings, /--demo[\s\S]*--gateway-http LIST +where HTTP requests are served \[127\.0\.0\.1:9080\]/)
  // What is the same in several sections stands below the name of its own.
  assert.match(settings, /\nmetrics: the Prometheus exporter\.\n {2}--metrics-listen TEXT +where it is served \[127/)
  assert.match(settings, /\n {2}--threads N +threads of the data plane/)
  for (const version of ['--version', '-v', 'version']) assert.match((await run([version])).stdout, /^\d+\.\d+\.\d+\n$/)
})

test('a command that there is not: the nearest one, in one line', async () => {
  const typo = await run(['strat'])
  assert.equal(typo.code, 2)
  oneLine(typo.stderr)
  assert.match(typo.stderr, /no command "strat"; did you mean start\?/)
  assert.match((await run(['zzz'])).stderr, /no command "zzz"; `gateward help` lists them/)
  assert.equal((await run(['help', 'strat'])).code, 2)
})

test('a second gateward on the same port is refused, with the setting; it never shares the port', async () => {
  const own = {
    GATEWARD_DATA_DIR: directory(),
    GATEWARD_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
    GATEWARD_GATEWAY_HTTP: `127.0.0.1:${await freePort()}`,
    GATEWARD_GATEWAY_HTTPS: '',
    GATEWARD_SURFACE_LISTEN: 'off',
    GATEWARD_METRICS_LISTEN: 'off',
    GATEWARD_CONTROL_LISTEN: 'off',
  }
  for (const [variable, setting] of [
    ['GATEWARD_GATEWAY_HTTP', 'gateway.http'],
    ['GATEWARD_GATEWAY_HTTPS', 'gateway.https'],
    ['GATEWARD_ADMIN_LISTEN', 'admin.listen'],
    ['GATEWARD_SURFACE_LISTEN', 'surface.listen'],
    ['GATEWARD_METRICS_LISTEN', 'metrics.listen'],
  ] as const) {
    const { code, stderr } = await run(['start'], { ...own, [variable]: running.env[variable] })
    assert.equal(code, 1, `${variable}: ${stderr}`)
    oneLine(stderr)
    assert.ok(stderr.includes(`${running.env[variable]} is taken by another program`), stderr)
    assert.ok(stderr.includes(`another ${setting} (`) && stderr.includes(variable), stderr)
  }
  const elsewhere = await run(['start'], { ...own, GATEWARD_GATEWAY_HTTP: '192.0.2.1:9080' })
  assert.match(elsewhere.stderr, /192\.0\.2\.1:9080 is no address of this machine; choose another gateway\.http \(/)
  const port = `127.0.0.1:${await freePort()}`
  const twice = await run(['start'], { ...own, GATEWARD_GATEWAY_HTTP: port, GATEWARD_GATEWAY_HTTPS: port })
  assert.equal(twice.code, 2, 'HTTP and HTTPS on one port')
  assert.ok(twice.stderr.includes(`gateway.https: found ${port}, which gateway.http has too`), twice.stderr)
})

test('a data directory that was never started on, and files that cannot be used, are said with their names', async () => {
  const none = { ...running.env, GATEWARD_DATA_DIR: join(directory(), 'none') }
  for (const args of [['chat', 'hello'], ['look'], ['open'], ['approve', 'plan-1'], ['audit'], ['reveal']]) {
    const { code, stderr } = await run(args, none)
    // Operations tell scripts by their own code that no gateway answers.
    assert.equal(code, ['look', 'open', 'approve'].includes(args[0] as string) ? 5 : 1, args.join(' '))
    assert.match(stderr, /^gateward: no gateway has been started with the data directory .*none; run `npm start`/)
  }
  const missing = await run(['import', 'nowhere.yaml'], running.env)
  assert.equal(missing.code, 1)
  assert.equal(missing.stderr, 'gateward: nowhere.yaml: there is no such file or directory\n')
  const config = join(directory(), 'gateward.yaml')
  writeFileSync(config, 'targets:\n  - { name: dev, admin_url: "http://127.0.0.1:1", key_file: none.key }\n')
  const key = await run(['start', '--config', config], { ...running.env, GATEWARD_DATA_DIR: directory(), ...NOWHERE })
  assert.match(key.stderr, /^gateward: key_file of the target dev: none\.key: there is no such file or directory\n/)
  const file = join(directory(), 'file')
  writeFileSync(file, '')
  const noDirectory = await run(['start'], { GATEWARD_DATA_DIR: file })
  assert.match(noDirectory.stderr, /file: a directory is needed and this is a file; .*--data-dir/)
})

test('a directory that this user may not write is said so', { skip: process.getuid?.() !== 0 }, async () => {
  const closed = directory()
  chmodSync(closed, 0o755)
  const child = spawn(process.execPath, [BIN, 'start'], {
    uid: 65534,
    env: { PATH: process.env.PATH, GATEWARD_DATA_DIR: join(closed, 'data') },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(code, 1, stderr)
  assert.match(stderr, /data: this user may not make this directory; run as its owner, or choose another --data-dir/)
})

test('a wrong value names those that there are, a missing one its name', async () => {
  const kind = await run(['look', 'nothing'], running.env)
  assert.equal(kind.code, 2)
  assert.match(kind.stderr, /^gateward: look: \/kind must be one of routes, services, upstreams/)
  assert.match((await run(['look', 'rout'], running.env)).stderr, /; did you mean routes\?\n$/)
  const path = await run(['explain', 'orders'], running.env)
  assert.match(path.stderr, /^gateward: explain: \/path must begin with \/\n$/)
  const flag = await run(['chat', '--jsn', 'help'], running.env)
  assert.equal(flag.stderr, 'gateward: command line: --jsn is no flag: did you mean --json?\n')
  const target = await run(['promote'], running.env)
  assert.equal(target.code, 2)
  assert.match(target.stderr, /^gateward: promote: it needs to\n/)
})

test('a reader that goes away is no fault: no stack, the exit code of a shell', async () => {
  const child = spawn(process.execPath, [BIN, 'chat', 'help'], {
    env: { ...process.env, ...running.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  child.stdout.destroy()
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  assert.equal(await new Promise((resolve) => child.once('close', resolve)), 141)
  assert.equal(stderr, '')
})

test('an older Node goes on with the one that npm ci brought', () => {
  // The check finds an old version wherever it looks for one; what it starts is the real Node.
  const copy = directory()
  cpSync(new URL('../../bin', import.meta.url).pathname, join(copy, 'bin'), { recursive: true })
  mkdirSync(join(copy, 'node_modules/node/bin'), { recursive: true })
  symlinkSync(process.execPath, join(copy, 'node_modules/node/bin/node'))
  mkdirSync(join(copy, 'dist'))
  writeFileSync(join(copy, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(copy, 'dist/main.js'),
    'export const main = async (argv) => { console.log(process.versions.node, ...argv); return 7 }',
  )
  const old = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })"
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(old)}`, join(copy, 'bin/gateward.js'), 'look', '--json'],
    { encoding: 'utf8' },
  )
  assert.equal(stderr, '')
  assert.equal(stdout, `${process.versions.node} look --json\n`)
  assert.equal(status, 7)
})

test('Ctrl-C says that it stops, and approve without an answer leaves the plan waiting', async () => {
  const { plan_id: planId } = JSON.parse(
    (await run(['plan', '--json', 'Create a route for /w/* to http://127.0.0.1:9'], running.env)).stdout,
  ) as { plan_id: string }
  const open = await run(['approve', planId], running.env)
  assert.equal(open.code, 3)
  assert.match(open.stderr, new RegExp(`nobody answered: plan ${planId} goes on waiting`))
  const no = await run(['approve', planId], running.env, 'n\n')
  assert.equal(no.code, 3)
  assert.match(no.stdout, /rejected; nothing is written/)
  const gone = await run(['approve', planId], running.env, 'y\n')
  assert.match(gone.stderr, /no plan .* waits for approval/)
  const other = await start()
  assert.equal(await other.stop('SIGINT'), 0)
  assert.match(other.output(), /Stopping; requests under way have 30 s to finish\. Ctrl-C again leaves at once/)
})

test('an API that is not there, and traffic that nobody counts, are said so', async () => {
  const port = await freePort()
  const proof = await run(['chat'], running.env, `Create a route for /away/* to http://127.0.0.1:${port}\ny\n`)
  assert.match(proof.stdout, /NO {2}the API answers: GET \/away\/1 -> 502 \(is the API running\?\)/)
  const { stdout } = await run(['traffic'], running.env)
  assert.match(stdout, /no counted request in this time; only routes that run the plugin prometheus are counted/)

  await run(['chat'], running.env, 'Collect metrics on all routes\ny\n')
  await until(async () => {
    await fetch(`${running.gateway}/away/1`)
    return /away +\d+ .*\d/.test((await run(['traffic'], running.env)).stdout)
  })
  // The chat is a process that has only just begun to look: it asks the one that has watched.
  const traffic = await run(['chat', 'Show the traffic of the last 5 minutes'], running.env)
  assert.match(traffic.stdout, /away +[1-9]/)
  const wrong = await run(['chat', 'status'], running.env)
  assert.match(wrong.stdout, /high +failing:routes\/away\n +\d+ of \d+ requests in the last \d+ s failed: \d+ with 502/)
  const why = await run(['chat', 'Why do I get 502 on /away/1?'], running.env)
  assert.match(
    why.stdout.replaceAll(/\s+/g, ' '),
    new RegExp(`It goes to 127.0.0.1:${port}. Tried now: GET /away/1 -> 502`),
  )
})

test('a window that is closed ends its gateway; a service reads its files again', PTY, async () => {
  const service = await start()
  service.child.kill('SIGHUP')
  assert.equal((await fetch(`${service.admin}/routes`, { headers: { 'X-API-KEY': service.key } })).status, 200)
  await service.stop()
  const { env } = service
  const command = `exec ${process.execPath} ${BIN} start`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], { env: { ...process.env, ...env } })
  await new Promise<void>((resolve) => {
    terminal.stdout.on('data', (chunk: Buffer) => chunk.includes('Talk to it') && resolve())
  })
  terminal.kill('SIGKILL')
  await until(async () => !(await fetch(service.gateway).catch(() => undefined)), 'the gateway has ended')
})
