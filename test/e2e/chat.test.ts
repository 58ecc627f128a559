// The chat of the terminal: as lines of JSON for a script, and on a pseudo-terminal.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { after, before, test } from 'node:test'
import { needs } from '../needs.ts'
import { BIN, type Running, run, start } from './process.ts'

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

test('on a pseudo-terminal: colours, a prompt, a table', {
  ...needs('script', 'bsdutils'),
  timeout: 60_000,
}, async () => {
  const command = `${process.execPath} ${BIN} chat`
  const terminal = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, ...running.env, NO_COLOR: undefined, TERM: 'xterm', COLUMNS: '80' },
  })
  let shown = ''
  const until = (pattern: RegExp) =>
    new Promise<void>((resolve) => {
      const look = (): void => {
        if (pattern.test(shown)) resolve()
        else terminal.stdout.once('data', look)
      }
      look()
    })
  terminal.stdout.on('data', (chunk: Buffer) => {
    shown += chunk
  })
  const ended = new Promise((resolve) => terminal.once('exit', resolve))
  await until(/\/help, \/quit/)
  assert.ok(shown.includes('\u001b[2mTalking to the gateway'))
  await until(/> /)
  terminal.stdin.write('Show all routes\r')
  await until(/\/a\/\*/)
  terminal.stdin.write('/quit\r')
  assert.equal(await ended, 0)
})
