// The chat of the terminal: as lines of JSON for a script, and on a pseudo-terminal.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { needs } from '../needs.ts'
import { BIN, type Running, run, start } from './process.ts'

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
  assert.equal(failed.code, 1)
  assert.doesNotMatch(failed.stdout, /^> |^Show route/m)
  assert.ok(!failed.stdout.includes(ESCAPE))
  assert.match(failed.stdout, /did you mean \/history\?/)
  const open = await run(['chat'], running.env, 'Create a route for /b/* to http://127.0.0.1:9\n')
  assert.equal(open.code, 3)
  assert.match(open.stderr, /Put the line y after the sentence/)
})

/** A chat in a pseudo-terminal of a width; killed when the test ends. */
function chatIn(columns: number, env: NodeJS.ProcessEnv, after: (done: () => void) => void) {
  const command = `stty cols ${columns} && exec ${process.execPath} ${BIN} chat`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...running.env, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm', ...env },
  })
  after(() => child.kill('SIGKILL'))
  let shown = ''
  let read = 0
  let arrived = (): void => {}
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk
    arrived()
  })
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve))
  const until = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const text = shown.slice(read)
      const found = pattern.exec(text)
      if (found) {
        read += found.index + found[0].length
        return text
      }
      await new Promise<void>((resolve) => {
        arrived = resolve
      })
    }
  }
  return { until, ended, type: (keys: string) => child.stdin.write(keys) }
}

const PTY = { ...needs('script', 'bsdutils'), timeout: 60_000 }

test('on a pseudo-terminal: colours, a table, Ctrl-C and Ctrl-D mean no, y applies, /undo', PTY, async (t) => {
  const { until, ended, type } = chatIn(50, {}, (done) => t.after(done))
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
  await until(/applied; serving[\s\S]*"Undo" takes it back/)
  type('/undo\r')
  await until(/Apply\? \[y\/N\] /)
  type('y\r')
  await until(/Taken back/)
  type('\u0003')
  assert.equal(await ended, 0)
})
