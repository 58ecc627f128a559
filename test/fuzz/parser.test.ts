// The HTTP/1.1 parsers against llhttp, from a fixed seed; `npm run fuzz` goes on from here for as long as one likes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Report, runCampaign } from './campaign.ts'

const SEED = 1
const CASES = 1500

function assertClean(report: Report): void {
  assert.ok(report.finding === undefined, report.finding ?? '')
  assert.equal(report.cases, CASES)
  // Streams that are nearly all refused, or nearly all taken, would prove little.
  assert.ok(
    report.accepted > CASES / 4 && report.refused > CASES / 4,
    `${report.accepted} taken, ${report.refused} not`,
  )
}

test('client streams are read as llhttp reads them, however they are split', () => {
  assertClean(runCampaign({ side: 'request', seed: SEED, cases: CASES }))
})

test('upstream streams are read as llhttp reads them, however they are split', () => {
  assertClean(runCampaign({ side: 'response', seed: SEED, cases: CASES }))
})
