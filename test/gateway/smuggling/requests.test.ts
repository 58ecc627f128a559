// Each published way of smuggling a request, seen from the upstream: refused and the connection closed, or forwarded so that no two
// readers can take it for two things.
import assert from 'node:assert/strict'
import net from 'node:net'
import { after, before, test } from 'node:test'
import { type Listening, listenForTest } from '../listening.ts'
import { threadForTest } from '../thread-for-test.ts'
import { ambiguityOf, type RecordingUpstream, startRecordingUpstream } from './recording-upstream.ts'
import { VECTORS, type Vector } from './requests.ts'

const AT_ONCE = 16
/** After this long a connection that should have been closed is taken for open. */
const OPEN_MS = 8000

const thread = threadForTest()
let upstream: RecordingUpstream
let listening: Listening

before(async () => {
  upstream = await startRecordingUpstream()
  // Upgrades are allowed, so that each one that must not happen is refused for its own sake.
  thread.put('routes/1', { uri: '/*', enable_websocket: true, upstream: { nodes: { [upstream.node]: 1 } } })
  listening = await listenForTest(thread, {})
})
after(() => {
  upstream.close()
  listening.close()
  thread.close()
})

interface Answer {
  statuses: number[]
  closed: boolean
}

/** Sends the vector; resolves when the connection has ended, or has given `answers` final responses. */
function send(pieces: readonly string[], answers: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = net.connect(listening.port, '127.0.0.1')
    let got = ''
    const done = (closed: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      const statuses = [...got.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1]))
      resolve({ statuses: statuses.filter((status) => status >= 200), closed })
    }
    const timer = setTimeout(() => done(false), OPEN_MS)
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1')
      if (got.split(/HTTP\/1\.1 [2-5]/).length - 1 >= answers) done(false)
    })
    socket.on('end', () => done(true))
    socket.on('error', () => {})
    socket.on('close', () => done(true))
    socket.write(pieces[0] as string, 'latin1')
    if (pieces[1] !== undefined) setTimeout(() => socket.write(pieces[1] as string, 'latin1'), 30)
  })
}

async function check(vector: Vector, index: number): Promise<string[]> {
  const id = String(index).padStart(3, '0')
  const name = (text: string): string => text.replaceAll('ID', id)
  const pieces = [vector.bytes].flat().map(name)
  const expected = vector.expect === 'refused' ? [] : vector.expect
  const answer = await send(pieces, expected.length || Number.POSITIVE_INFINITY)
  const problems: string[] = []
  if (vector.expect === 'refused') {
    if (!answer.closed) problems.push('the connection stayed open')
    if (answer.statuses.length !== 1 || (answer.statuses[0] as number) < 400)
      problems.push(`answered ${answer.statuses}`)
  } else if (answer.statuses.some((status) => status !== 200)) problems.push(`answered ${answer.statuses}`)
  const reached = upstream.requests.filter(({ head }) => head.includes(`-${id}`))
  const starts = reached.map(({ line, body }) => [line.replace(/ HTTP\/1\.1$/, ''), body])
  const wanted = expected.map(([start, body]) => [name(start), body])
  if (JSON.stringify(starts) !== JSON.stringify(wanted)) problems.push(`the upstream saw ${JSON.stringify(starts)}`)
  for (const request of reached) {
    const ambiguity = ambiguityOf(request)
    if (ambiguity !== undefined) problems.push(`forwarded with ${ambiguity}`)
  }
  return problems.map((problem) => `${vector.name}: ${problem}`)
}

test(`${VECTORS.length} vectors are refused or forwarded unambiguously`, async () => {
  const problems: string[] = []
  const waiting = VECTORS.map((vector, index) => ({ vector, index }))
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift())
      problems.push(...(await check(next.vector, next.index)))
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  assert.deepEqual(problems, [])
})

test('what was cut off in the middle did not leave a request behind', () => {
  assert.ok(upstream.leftovers.length > 0, 'some bodies were malformed behind their heads')
  for (const bytes of upstream.leftovers) assert.doesNotMatch(bytes, /^GET \/smuggled|\r\n\r\nGET \/smuggled/)
})
