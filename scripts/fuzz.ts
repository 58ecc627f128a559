// `npm run fuzz [-- requests|responses|nginx|admin] [--seconds N] [--seed N] [--only CASE]`: the parsers against llhttp, or nginx, and the
// Admin API under damaged calls (test/fuzz), from a new seed each time, for a minute unless told otherwise. Ends with 1 at the first finding, which it prints with the way to repeat it.
import { parseArgs } from 'node:util'
import { callAtRandom } from '../test/fuzz/admin.ts'
import { runCampaign } from '../test/fuzz/campaign.ts'
import { startNginx } from '../test/fuzz/nginx.ts'
import type { Stream } from '../test/fuzz/outcome.ts'
import { compareWithNginx } from '../test/fuzz/second-opinion.ts'

const SIDES: Record<string, Stream['side']> = { requests: 'request', responses: 'response' }
/** Cases between two lines of progress. */
const ROUND = 5000

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
})
const TARGETS = [...Object.keys(SIDES), 'nginx', 'admin']
const targets = positionals.length ? positionals : Object.keys(SIDES)
const unknown = targets.find((target) => !TARGETS.includes(target))
if (unknown) fail(`no fuzz target "${unknown}": there are ${TARGETS.join(', ')}`)
const seed = number('seed', values.seed) ?? Date.now() % 1_000_000
const seconds = number('seconds', values.seconds) ?? 60
const only = number('only', values.only)

function fail(message: string): never {
  console.error(message)
  process.exit(1)
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d+$/.test(text)) fail(`--${name} takes a whole number, found "${text}"`)
  return Number(text)
}

function fuzz(side: Stream['side'], forMs: number): void {
  const untilMs = performance.now() + forMs
  let from = only ?? 0
  let accepted = 0
  const known = new Map<string, number>()
  do {
    const report = runCampaign({ side, seed, from, cases: only === undefined ? ROUND : 1, untilMs })
    if (report.finding) fail(report.finding)
    from += report.cases
    accepted += report.accepted
    for (const [reason, times] of report.known) known.set(reason, (known.get(reason) ?? 0) + times)
    console.log(`${side}s: seed ${seed}, ${from} cases, ${accepted} taken, ${known.size} listed differences met`)
  } while (only === undefined && performance.now() < untilMs)
}

/** The same requests through a real nginx, round after round of other streams. */
async function askNginx(forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs
  const nginx = await startNginx()
  for (let round = seed; performance.now() < untilMs; round++) {
    const { asked, bothTake, findings } = await compareWithNginx(nginx, round, ROUND)
    if (findings.length) {
      await nginx.stop()
      fail(`nginx, seed ${round}:\n${findings.join('\n')}`)
    }
    console.log(`nginx: seed ${round}, ${asked} asked, ${bothTake} taken by both`)
  }
  await nginx.stop()
}

/** Conversations with new Admin APIs, one after the other. */
async function callAdmin(forMs: number): Promise<void> {
  const untilMs = performance.now() + forMs
  for (let round = seed; performance.now() < untilMs; round++) {
    const { statuses, finding } = await callAtRandom(round, ROUND)
    if (finding) fail(`${finding}\n  repeat  npm run fuzz -- admin --seed ${round} --seconds 1`)
    console.log(
      `admin: seed ${round}, ${ROUND} calls, ${[...statuses]
        .sort()
        .map(([status, times]) => `${status} x ${times}`)
        .join(', ')}`,
    )
  }
}

for (const target of targets) {
  const forMs = (seconds * 1000) / targets.length
  if (target === 'nginx') await askNginx(forMs)
  else if (target === 'admin') await callAdmin(forMs)
  else fuzz(SIDES[target] as Stream['side'], forMs)
}
process.exit(0) // the timeouts of the connections under test would keep the process
