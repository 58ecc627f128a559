// The chat of the terminal: as lines of JSON for a script, and on a pseudo-terminal.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Running, run, start } from './process.ts'
import { chatIn, PTY } from './pseudo-terminal.ts'

const ESCAPE = '\u001b'

let running: Running

before(async () => {
  running = await start({})
})
after(() => running.stop())

test('--json prints one object a line, approvals too', async () => {
  const sentences = ['Create a route for /a/* to http://127.0.0.1:9', 'y', '/history', '/targets']
  const { stdout, stderr, code } = await run(['chat', '--json'], running.env, `${sentences.join('\n')}\n`)
  assert.equal(code, 0, stderr)
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const approval = events.find(({ type }) => type === 'approval')
  assert.equal(approval.target, 'embedded')
  assert.match(approval.answer, /y applies the plan/)
  assert.match(approval.digest, /^[0-9a-f]{64}$/)
  const named = (name: string) => events.find((event) => event.type === 'result' && event.name === name)?.value
  assert.equal(named('apply').error, undefined)
  assert.equal(named('history').error, undefined)
  assert.deepEqual(events.at(-1), { type: 'text', text: 'embedded' })
})

test('a gateway without its Admin API and without targets is said', async () => {
  const { stderr, code } = await run(['chat'], { ...running.env, GATEWARD_ADMIN_LISTEN: 'off' }, '')
  assert.equal(code, 1)
  assert.match(stderr, /admin\.listen is off and the settings name no targets/)
})

test('in a pipe: no prompt, no echo, no colours, and an exit code', async () => {
  const shown = await run(['chat', 'Show', 'all', 'routes'], { ...running.env, COLUMNS: '50' })
  assert.equal(shown.code, 0, shown.stderr)
  assert.match(shown.stdout, /^ {2}id\s+routes\n {2}a\s+\/a\/\*/)
  for (const line of shown.stdout.split('\n')) assert.ok(line.length <= 50, line)
  const failed = await run(['chat'], running.env, 'Show route nowhere\n/histroy\n')
  assert.equal(failed.code, 2)
  assert.doesNotMatch(failed.stdout, /^> |^Show route/m)
  assert.ok(!failed.stdout.includes(ESCAPE))
  assert.match(failed.stdout, /did you mean \/history\?/)
  const open = await run(['chat'], running.env, 'Create a route for /b/* to http://127.0.0.1:9\n')
  assert.equal(open.code, 3)
  assert.match(open.stdout, /ended before an answer and nothing was written; put the line y after the sentence, or/)
})

test('in a pipe a sentence that is not understood is an exit code of its own, also as JSON', async () => {
  for (const sentence of ['make me a sandwich', 'Delete the route', 'Enable CORS on route nowhere-to-be-found'])
    assert.notEqual((await run(['chat', sentence], running.env)).code, 0, sentence)
  const one = await run(['chat', '--json', 'make me a sandwich'], running.env)
  assert.equal(one.code, 2)
  assert.deepEqual(JSON.parse(one.stdout.trim().split('\n').at(-1) as string), { type: 'end', unclear: true })
  assert.equal((await run(['chat'], running.env, 'Show all routes\nmake me a sandwich\nShow all routes\n')).code, 2)
  assert.equal((await run(['chat', ' '], running.env)).code, 2)
  assert.equal((await run(['chat', '/routes'], running.env)).code, 0)
})

test('a plan made on the command line is approved from another one, and applied', async () => {
  const { stdout } = await run(['plan', '--json', 'Create a route for /p/* to http://127.0.0.1:9'], running.env)
  const { plan_id: planId } = JSON.parse(stdout) as { plan_id: string }
  const unanswered = await run(['apply', planId], running.env)
  assert.equal(unanswered.code, 3)
  assert.match(unanswered.stderr, new RegExp(`nothing was written; the plan waits: gateward approve ${planId}`))
  const approved = await run(['approve', planId], running.env, 'y\n')
  assert.match(approved.stdout, new RegExp(`approved; .* gateward apply ${planId}`))
  assert.match((await run(['apply', planId], running.env)).stdout, /applied; served/)
  assert.match((await run(['approve', planId], running.env)).stderr, /a plan of `gateward chat` is approved there/)
})

test('on a pseudo-terminal: colours, a table, Ctrl-C and Ctrl-D mean no, y applies, /undo', PTY, async (t) => {
  const { until, ended, type } = chatIn(50, running.env, (done) => t.after(done))
  assert.ok((await until(/\/help, \/quit/)).includes('\u001b[2mTalking to the gateway'))
  await until(/> /)
  type('/rou\t')
  await until(/\/routes/)
  type('\r')
  await until(/a\s+\/a\/\*/)
  for (const no of ['\u0003', '\u0004', 'n\r']) {
    type('Create a route for /c/* to http://127.0.0.1:9\r')
    const plan = await until(/Apply\? \[y\/N\] /)
    assert.ok(plan.includes(`${ESCAPE}[32m  + create routes/c`))
    type(no)
    await until(/rejected/)
  }
  type('Create a route for /c/* to http://127.0.0.1:9\r')
  await until(/Apply\? \[y\/N\] /)
  type('y\r')
  await until(/applied; served[\s\S]*"Undo"\s+takes\s+it\s+back/)
  type('/undo\r')
  await until(/Apply\? \[y\/N\] /)
  type('y\r')
  await until(/Taken back/)
  type('\u0003')
  assert.equal(await ended, 0)
})
