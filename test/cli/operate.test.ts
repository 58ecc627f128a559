// The operations as commands, as a user runs them: tables, --json, questions at the terminal, exit codes.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { takeArguments } from '../../src/cli/arguments.ts'
import { OPERATION_COMMANDS } from '../../src/cli/commands.ts'
import { renderAnswer } from '../../src/cli/tables.ts'
import { admin, run as command } from '../e2e/process.ts'
import { type Running, run } from '../surfaces/running.ts'

let running: Running
before(async () => {
  running = await run()
})
after(() => running?.close())

const gateward = (args: string[], input?: string): ReturnType<typeof command> =>
  command(
    args,
    { GATEWARD_DATA_DIR: running.directory, GATEWARD_SURFACE_LISTEN: running.surface.replace('http://', '') },
    input,
  )

test('commands: plan, apply, look, explain, lint, history, undo, with their exit codes', async () => {
  const planned = await gateward(['plan', `create a route for /c/* to ${running.api}`])
  assert.equal(planned.code, 0, planned.stderr)
  assert.match(
    planned.stdout,
    /\+ create routes\/c\n[\s\S]*plan-\w+ on embedded; nothing is written yet: gateward apply plan-/,
  )
  const plan = /apply (plan-\w+)/.exec(planned.stdout)?.[1] as string
  const refused = await gateward(['apply', plan], 'n\n')
  assert.equal(refused.code, 3)
  assert.match(refused.stderr, /rejected plan/)
  const again = JSON.parse((await gateward(['plan', `create a route for /c/* to ${running.api}`, '--json'])).stdout)
  const applied = await gateward(['apply', again.plan_id], 'y\n')
  assert.equal(applied.code, 0, applied.stderr)
  assert.match(applied.stdout, /applied; served after [\d.]+ ms\n\s+ok {2}the API answers/)

  assert.match((await gateward(['look'])).stdout, /id\s+routes\n\s+c\s+\/c\/\* -> /)
  assert.equal(JSON.parse((await gateward(['look', 'routes', 'c', '--json'])).stdout).value.uri, '/c/*')
  assert.match((await gateward(['explain', '/c/1'])).stdout, /uri \/c\/\* fits best[\s\S]*c\s+\/c\/\*\s+wins/)
  const lint = await gateward(['lint', '--fail-on', 'medium'])
  assert.equal(lint.code, 1)
  assert.match(lint.stdout, /medium {2}open-writes:routes\/c\n[\s\S]*gateward plan --fix open-writes:routes\/c/)
  assert.equal((await gateward(['lint', '--fail-on', 'high'])).code, 0)
  const history = JSON.parse((await gateward(['history', '--json'])).stdout)
  assert.equal(history.changes.length, 1)
  const undone = await gateward(['undo', '--json'], 'y\n')
  assert.equal(JSON.parse(undone.stdout).summary, 'undo: create routes/c')
  assert.match(undone.stderr, /Apply\? \[y\/N\]/)
  assert.match((await gateward(['look'])).stdout, /no routes found/)
})

test('commands: plans from JSON, a file, standard input, a document', async () => {
  const input = {
    changes: [
      {
        action: 'create',
        kind: 'routes',
        id: 'j',
        set: { uri: '/j', upstream: { type: 'roundrobin', nodes: { 'a:1': 1 } } },
      },
    ],
  }
  const file = join(running.directory, 'plan.json')
  writeFileSync(file, JSON.stringify(input))
  for (const [args, stdin] of [
    [['plan', JSON.stringify(input)]],
    [['plan', file]],
    [['plan', '-'], JSON.stringify(input)],
  ] as [string[], string?][])
    assert.match((await gateward(args, stdin)).stdout, /create routes\/j/, String(args))
  const document = join(running.directory, 'api.yaml')
  writeFileSync(document, 'openapi: 3.0.0\ninfo: { title: Docs }\npaths: { /docs: { get: {} } }\n')
  assert.match(
    (await gateward(['plan', '--openapi', document, '--server', 'http://a.example'])).stdout,
    /create services\/docs/,
  )
})

test('commands: what was asked wrongly is 2, an unreachable Gateward is said', async () => {
  for (const [args, message] of [
    [['plan'], /say what to plan/],
    [['plan', 'make me a sandwich'], /no change that I understand/],
    [['plan', '{'], /reading the plan/],
    [['apply'], /name the plan/],
    [['lint', '--fail-on', 'x'], /high, medium or low/],
    [['history', '--limit', 'many'], /--limit is a number/],
    [['look', 'routes', 'none'], /there is no routes\/none/],
    [['look', '--colour', 'x'], /colour/],
    [['promote', '--to', 'embedded', '--target', 'x'], /target/],
    [['approve', 'plan-1', '--json'], /json/],
    [['audit', 'everything'], /everything/],
    [['undo'], /nothing to undo|was taken back/],
  ] as [string[], RegExp][]) {
    const { code, stderr } = await gateward(args)
    assert.match(stderr, message)
    assert.equal(code, 2, String(args))
  }
  const away = await command(['look'], { GATEWARD_DATA_DIR: running.directory, GATEWARD_SURFACE_LISTEN: '127.0.0.1:1' })
  assert.equal(away.code, 5)
  assert.match(away.stderr, /nothing answers/)
})

test('commands: status tells what is there and what waits, and that something is wrong by its exit code', async () => {
  await gateward(['plan', `create a route for /waiting/* to ${running.api}`])
  const well = await gateward(['status'])
  assert.equal(well.code, 0, well.stdout + well.stderr)
  assert.match(
    well.stdout,
    /^Gateward \S+ runs; all is well\n +embedded serves http:\/\/127\.0\.0\.1:\d+: \d+ routes?, /,
  )
  assert.match(well.stdout, /a plan waits \(create routes\/waiting, on embedded\): gateward approve plan-/)
  const cloud = { uri: '/s', upstream: { nodes: { '169.254.169.254:80': 1 }, type: 'roundrobin' } }
  await admin(running, 'PUT', '/routes/s', cloud)
  const wrong = await gateward(['status', '--json'])
  assert.equal(wrong.code, 1)
  const { targets, plans } = JSON.parse(wrong.stdout)
  assert.ok(plans.some((one: { summary: string }) => one.summary === 'create routes/waiting'))
  assert.ok(targets[0].findings.some((one: { id: string }) => one.id === 'metadata-address:routes/s'))
})

test('commands: those of the owner answer programs as JSON', async () => {
  const [opened, audited, revealed] = await Promise.all([
    gateward(['open', '--json']),
    gateward(['audit', '--json']),
    gateward(['reveal', '--json']),
  ])
  assert.match(JSON.parse(opened.stdout).url, /^http:\/\/localhost:\d+\/\?ticket=/)
  assert.equal(JSON.parse(audited.stdout).whole, true)
  assert.deepEqual(JSON.parse(revealed.stdout), { secrets: [] })
})

test('commands: escape sequences in data stay out of the terminal, and long lines are wrapped', async () => {
  const hostile = '\u001b]0;title\u0007\u001b[2J\u009b31mred\u202e'
  const value = {
    uri: '/e/*',
    desc: hostile,
    name: `n${hostile}`,
    upstream: { type: 'roundrobin', nodes: { 'a:1': 1 } },
  }
  const terminal = {
    columns: 40,
    paint: (_style: string, text: string) => text,
  } as unknown as Parameters<typeof renderAnswer>[2]
  const long = `${hostile} ${'many words '.repeat(20)}`
  const proof = [{ ok: false, title: long, request: 'GET /', found: hostile, expected: '200' }]
  const answers: [string, Record<string, unknown>][] = [
    ['look', { kind: 'routes', rows: [{ id: 'e', summary: hostile }] }],
    ['look', { value }],
    [
      'explain',
      { why: long, plugins: [hostile], goes_to: long, considered: [{ id: 'e', uri: hostile, result: hostile }] },
    ],
    ['lint', { total: 1, findings: [{ id: 'x', severity: 'high', problem: long, advice: long, fixable: true }] }],
    ['history', { changes: [{ id: 'c', at: hostile, summary: long }] }],
    ['prove', { proof }],
    ['describe_plugins', { plugins: [{ plugin: 'p', fields: { [hostile]: long } }] }],
    ['plan', { plan_id: 'p', digest: 'd', target: 't', diff: long, warnings: [long], impact: [long], notes: [long] }],
  ]
  for (const [name, answer] of answers) {
    const shown = renderAnswer(name, answer, terminal)
    assert.match(shown, /red|\[2J/, name)
    assert.doesNotMatch(shown, /[^\P{C}\n]/u, name)
    if (name === 'plan' || 'value' in answer) continue
    for (const line of shown.split('\n')) assert.ok(line.length <= 40, `${name}: ${line}`)
  }
  const asked = await gateward(['look', 'routes', `none${'\u009b'}2J`])
  assert.equal(asked.code, 2)
  assert.doesNotMatch(asked.stderr, /[^\P{C}\n]/u)
})

test('commands: the names are those of the operations over REST', async () => {
  for (const name of Object.keys(OPERATION_COMMANDS)) {
    const { body } = await running.owner('POST', `/v1/operations/${name}`, {})
    assert.doesNotMatch(String(body.error), /there is no operation/, name)
  }
})

test('arguments: own flags and words are taken, the rest are settings', () => {
  const spec = { json: { type: 'switch', about: '' }, limit: { type: 'number', about: '' } } as const
  const taken = takeArguments(['a', '--json', '--data-dir', 'd', '--limit=3', 'b', '--log-level=info'], spec)
  assert.deepEqual(taken, {
    words: ['a', 'b'],
    flags: { json: true, limit: 3 },
    rest: ['--data-dir', 'd', '--log-level=info'],
  })
  assert.throws(() => takeArguments(['--limit'], spec), /needs a value/)
})
