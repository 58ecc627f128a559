import assert from 'node:assert'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { startGateward } from '../src/app.ts'
import { loadSettings } from '../src/settings/load.ts'
import { freePort } from './e2e/process.ts'

const PORTS = ['admin', 'control', 'status', 'metrics', 'surface'] as const

/** A Gateward with all of its ports; their numbers by name. */
async function start(context: TestContext): Promise<Map<string, number>> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-servers-'))
  const ports = new Map<string, number>()
  for (const name of PORTS) ports.set(name, await freePort())
  const lines = [...ports].map(([name, port]) => `${name}: { listen: '127.0.0.1:${port}' }`)
  const base = "threads: 1\nlog: { level: fatal }\ngateway: { http: ['127.0.0.1:0'], https: [] }"
  writeFileSync(join(directory, 'gateward.yaml'), [base, ...lines].join('\n'))
  const { settings } = loadSettings({ argv: ['--data-dir', directory], env: {}, cwd: directory })
  const gateward = await startGateward(settings)
  context.after(async () => {
    await gateward.close()
    rmSync(directory, { recursive: true })
  })
  return ports
}

/** Sends a head that never ends; milliseconds until the connection is closed, and what came before. */
async function sendSlowly(port: number): Promise<{ ms: number; answer: string }> {
  const started = performance.now()
  const socket = net.connect(port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n')
  const drip = setInterval(() => socket.write('X: y\r\n'), 500)
  let answer = ''
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
  })
  socket.on('error', () => {}) // a header may meet the closed end
  await once(socket, 'close')
  clearInterval(drip)
  return { ms: performance.now() - started, answer }
}

test('a head that does not end is cut after ten seconds, and at most five more, on every port', async (context) => {
  const ports = await start(context)
  const cut = await Promise.all([...ports].map(async ([name, port]) => ({ name, ...(await sendSlowly(port)) })))
  for (const { name, ms, answer } of cut) {
    assert.match(answer, /^HTTP\/1\.1 408 /, name)
    assert.ok(ms > 9000 && ms < 18_000, `${name}: after ${Math.round(ms)} ms`)
  }
})
