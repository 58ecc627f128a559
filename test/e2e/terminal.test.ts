// The chat on a pseudo-terminal: narrow ones, one that changes its size, Ctrl-C in mid-turn, what was said before a restart.
import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:net'
import { after, before, test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { widthOf } from '../../src/cli/width.ts'
import { type Running, start } from './process.ts'
import { chatIn, PROMPT, PTY, type Screen } from './pseudo-terminal.ts'

let running: Running
/** Takes connections and says nothing. */
let silent: Server
let silentPort: number

before(async () => {
  running = await start()
  silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  silentPort = (silent.address() as { port: number }).port
})
after(async () => {
  await running.stop()
  silent.close()
})

/** The lines that a person sees, without what was typed: the terminal itself breaks that. */
function linesOf(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => stripVTControlCharacters(line.slice(line.lastIndexOf('\r') + 1)))
    .filter((line) => !line.startsWith('> '))
}

/** Says a sentence and answers what came until the prompt. */
async function say(screen: Screen, sentence: string, until = PROMPT): Promise<string> {
  screen.type(`${sentence}\r`)
  await screen.until(/\r\n/)
  return screen.until(until)
}

for (const columns of [80, 40])
  test(`at ${columns} columns every line fits and breaks between words`, PTY, async (t) => {
    const screen = chatIn(columns, running.env, (done) => t.after(done))
    await screen.until(/> /)
    const seen = [
      await say(screen, 'help'),
      await say(screen, '/help'),
      await say(screen, '/targets'),
      await say(screen, 'make me a sandwich'),
      await say(screen, 'Create a route for /orders-of-the-day/* to http://127.0.0.1:9', /Apply\? \[y\/N\] /),
      await say(screen, 'n'),
      await say(screen, 'What is wrong?'),
      await say(screen, 'Describe the plugin limit-count'),
    ]
    for (const line of seen.flatMap(linesOf)) assert.ok(widthOf(line) <= columns, `${widthOf(line)}: ${line}`)
    // Each line of the help is a whole one or goes on, indented, behind a whole word.
    const help = linesOf(seen[0] as string)
    assert.ok(help.some((line) => line.startsWith('  Create a route for /orders/*')))
    assert.deepEqual(help.join(' ').match(/Require an API key on it and +allow 100 +requests a minute/)?.length, 1)
    assert.match(seen[2] as string, /target +Admin API +approval\r?\n {2}embedded +http/)
    screen.type('exit\r')
    assert.equal(await screen.ended, 0)
  })

test('a terminal that changes its size: what comes next fits', PTY, async (t) => {
  const screen = chatIn(100, running.env, (done) => t.after(done))
  await screen.until(/> /)
  const wide = linesOf(await say(screen, 'help'))
  assert.ok(wide.some((line) => widthOf(line) > 60))
  screen.resize(40)
  await screen.until(/> /) // the prompt is drawn again once the new size is known
  const narrow = linesOf(await say(screen, 'help'))
  for (const line of narrow) assert.ok(widthOf(line) <= 40, JSON.stringify(line))
})

test('Ctrl-C in mid-turn stops it and says what is left; the chat goes on', PTY, async (t) => {
  const screen = chatIn(80, running.env, (done) => t.after(done))
  await screen.until(/> /)
  await say(screen, `Create a route for /silent/* to http://127.0.0.1:${silentPort}`, /Apply\? \[y\/N\] /)
  screen.type('y\r')
  await screen.until(/proving/)
  const begun = Date.now()
  screen.type('\u0003')
  await screen.until(/stopping; Ctrl-C again leaves/)
  await screen.until(/> /)
  assert.ok(Date.now() - begun < 2000, 'at once, not after the time limit of a proof')
  assert.match(await say(screen, '/history'), /create routes\/silent/)
  // A second one leaves.
  await say(screen, `Create a route for /silent2/* to http://127.0.0.1:${silentPort}`, /Apply\? \[y\/N\] /)
  screen.type('y\r')
  await screen.until(/proving/)
  screen.type('\u0003\u0003')
  assert.equal(await screen.ended, 130)
})

test('what was said is there after a restart, without answers and secrets', PTY, async (t) => {
  const first = chatIn(80, running.env, (done) => t.after(done))
  await first.until(/> /)
  await say(first, 'Show route silent')
  await say(first, 'the password is hunter2')
  await say(first, 'Create a route for /again/* to http://127.0.0.1:9', /Apply\? \[y\/N\] /)
  await say(first, 'no thanks')
  first.type('\u0004')
  assert.equal(await first.ended, 0)
  const second = chatIn(80, running.env, (done) => t.after(done))
  await second.until(/> /)
  second.type('\u001b[A')
  await second.until(/Create a route for \/again/)
  second.type('\u001b[A')
  await second.until(/Show route silent/)
})

test('pasted lines are sentences one after the other, never the answer to a question between them', PTY, async (t) => {
  const screen = chatIn(80, running.env, (done) => t.after(done))
  await screen.until(/> /)
  screen.type('Create a route for /pasted/* to http://127.0.0.1:9\ry\r/targets\r')
  await screen.until(/Apply\? \[y\/N\] /)
  assert.match(await say(screen, 'n'), /reject|nothing/i)
  await screen.until(/embedded +http/)
  assert.doesNotMatch(await say(screen, 'Show all routes'), /pasted/)
})
