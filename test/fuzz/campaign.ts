// A campaign: stream after stream, each read by the gateway whole and in pieces, and by llhttp. Ends at its time, its number of cases, or
// the first finding, which is made as short as it goes and told with how to repeat it.
import { isDeepStrictEqual } from 'node:util'
import { compare } from './compare.ts'
import { generate } from './generate.ts'
import { readByLlhttp } from './llhttp.ts'
import { readRequests } from './our-requests.ts'
import { readResponse } from './our-responses.ts'
import type { Outcome, Stream } from './outcome.ts'
import { type Random, randomFor } from './random.ts'
import { shrink } from './shrink.ts'
import { explain } from './stricter.ts'

/** Streams up to this size are split at every byte, longer ones at random. */
const EVERY_SPLIT_BYTES = 120
const RANDOM_SPLITS = 6

export interface Campaign {
  side: Stream['side']
  seed: number
  /** Index of the first case. */
  from?: number
  cases: number
  /** Ends earlier at this performance.now(). */
  untilMs?: number
}

export interface Report {
  cases: number
  accepted: number
  refused: number
  /** How often each listed difference was met. */
  known: Map<string, number>
  /** Text of the first finding. */
  finding: string | undefined
}

export function runCampaign(campaign: Campaign): Report {
  const report: Report = { cases: 0, accepted: 0, refused: 0, known: new Map(), finding: undefined }
  const first = campaign.from ?? 0
  for (let index = first; index < first + campaign.cases; index++) {
    if (campaign.untilMs !== undefined && performance.now() > campaign.untilMs) break
    const random = randomFor(campaign.seed, index)
    const stream = decided(generate(random, campaign.side))
    const ours = read(stream, [stream.bytes.length])
    const finding = check(stream, ours, random, report)
    report.cases++
    if (ours.end === 'refused') report.refused++
    else report.accepted++
    if (finding) {
      report.finding = tell(stream, finding, campaign, index)
      break
    }
  }
  return report
}

interface Finding {
  what: string
  /** Where the stream was split. */
  splits: number[]
}

function check(stream: Stream, ours: Outcome, random: Random, report?: Report): Finding | undefined {
  const difference = compare(stream, ours, readByLlhttp(stream))
  if (difference) {
    const known = explain(difference, stream, ours)
    if (!known) return { what: `${difference.kind}: ${difference.reason}`, splits: [] }
    report?.known.set(known.reason, (report.known.get(known.reason) ?? 0) + 1)
  }
  const splits = splitsOf(stream.bytes.length, random).find((one) => !isSame(ours, read(stream, one)))
  return splits && { what: 'split: another outcome when it comes in pieces', splits }
}

function isSame(whole: Outcome, pieces: Outcome): boolean {
  return isDeepStrictEqual({ ...whole, reason: '' }, { ...pieces, reason: '' })
}

/** Ends of the pieces that a stream of this length is read in: each split once, and byte by byte. */
function splitsOf(length: number, random: Random): number[][] {
  const everywhere = Array.from({ length }, (_, i) => i + 1)
  const places =
    length <= EVERY_SPLIT_BYTES
      ? everywhere.slice(0, -1)
      : Array.from({ length: RANDOM_SPLITS }, () => 1 + random.below(length - 1))
  return [...places.map((at) => [at, length]), everywhere]
}

function read(stream: Stream, ends: readonly number[]): Outcome {
  const bytes = Buffer.from(stream.bytes, 'latin1')
  const pieces = ends.map((end, i) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end)))
  return stream.side === 'request' ? readRequests(pieces) : readResponse(stream.method, pieces)
}

/** The gateway judges a head, and a line of a chunked body, when it is whole: an unfinished stream gets an end. */
function decided(stream: Stream): Stream {
  if (stream.side === 'response' || read(stream, [stream.bytes.length]).end !== 'waiting') return stream
  return { ...stream, bytes: `${stream.bytes}\r\n\r\n` }
}

function tell(stream: Stream, finding: Finding, campaign: Campaign, index: number): string {
  const again = (bytes: string): Finding | undefined => {
    const shorter = decided({ ...stream, bytes })
    return check(shorter, read(shorter, [shorter.bytes.length]), randomFor(campaign.seed, index))
  }
  const bytes = shrink(stream.bytes, (candidate) => again(candidate)?.what === finding.what)
  const minimal = decided({ ...stream, bytes })
  const { splits } = again(bytes) ?? finding
  const lines = [
    `${finding.what}`,
    `  seed ${campaign.seed}, case ${index}, ${stream.side}${stream.method && ` to ${stream.method}`}`,
    `  stream  ${JSON.stringify(minimal.bytes)}`,
    `  ours    ${JSON.stringify(read(minimal, [minimal.bytes.length]))}`,
    splits.length
      ? `  split   at ${splits.slice(0, -1)}: ${JSON.stringify(read(minimal, splits))}`
      : `  llhttp  ${JSON.stringify(readByLlhttp(minimal))}`,
    `  repeat  npm run fuzz -- ${stream.side}s --seed ${campaign.seed} --only ${index}`,
  ]
  return lines.join('\n')
}
