// Compares what the gateway and the oracle made of one stream.
import type { Message, Outcome, Stream } from './outcome.ts'

export interface Difference {
  /** `stricter`: the gateway refuses what llhttp takes; `laxer`: the other way; `other`: both take it, and understand it differently. */
  kind: 'stricter' | 'laxer' | 'other'
  /** Who refused, in its own words; of `other`, what differs. */
  reason: string
}

/** Undefined when both agree: the same whole messages, then the same end. */
export function compare(stream: Stream, ours: Outcome, theirs: Outcome): Difference | undefined {
  for (let i = 0; ; i++) {
    const mine = ours.messages[i]
    const other = theirs.messages[i]
    if (mine && other) {
      const part = differingPart(stream, mine, other)
      if (part) return { kind: 'other', reason: `message ${i}: ${part}` }
      continue
    }
    if (mine) return theirs.end === 'refused' ? laxer(theirs) : ends(ours, theirs)
    if (other) return ours.end === 'refused' ? stricter(ours) : ends(ours, theirs)
    break
  }
  return compareEnds(stream, ours, theirs)
}

function compareEnds(stream: Stream, ours: Outcome, theirs: Outcome): Difference | undefined {
  if (ours.end === 'refused' && theirs.end !== 'refused') return stricter(ours)
  // What follows a request that closes is not read, so that there is nothing to refuse in it.
  if (stream.side === 'request' && ours.end === 'closed' && theirs.end === 'refused') return ends(ours, theirs)
  if (theirs.end === 'refused' && ours.end !== 'refused') return isUndecided(ours) ? undefined : laxer(theirs)
  if (ours.end !== theirs.end) return ends(ours, theirs)
  if (ours.end === 'waiting' && ours.partial?.body !== theirs.partial?.body)
    return { kind: 'other', reason: 'body so far' }
  // Not to use a connection again is never wrong; to use one that llhttp would not is.
  // (Of the answer to HEAD llhttp says so before it knows that there is no body.)
  if (stream.side === 'response' && stream.method !== 'HEAD' && ours.reusable && !theirs.reusable)
    return { kind: 'other', reason: 'reuse' }
  return undefined
}

/** The gateway reads a head whole, so that it may wait for its end where llhttp has seen enough. */
function isUndecided(ours: Outcome): boolean {
  return ours.end === 'waiting' && !ours.partial
}

function stricter(ours: Outcome): Difference {
  return { kind: 'stricter', reason: ours.reason }
}

function laxer(theirs: Outcome): Difference {
  return { kind: 'laxer', reason: theirs.reason }
}

function ends(ours: Outcome, theirs: Outcome): Difference {
  if (ours.end === 'closed' && theirs.end !== 'closed') return { kind: 'stricter', reason: 'closes the connection' }
  return { kind: 'other', reason: `ours ends ${ours.end}, llhttp ends ${theirs.end}` }
}

function differingPart(stream: Stream, mine: Message, other: Message): string | undefined {
  if (mine.start !== originForm(other.start)) return 'start'
  if (!sameList(mine.fields, other.fields)) return 'fields'
  if (mine.body !== other.body) return 'body'
  // The gateway checks a client's trailers and drops them (RFC 9110 6.5.1).
  if (stream.side === 'response' && !sameList(mine.trailers, other.trailers)) return 'trailers'
  return undefined
}

/** The gateway gives an absolute target on in origin form (RFC 9112 3.2.1). */
function originForm(start: string): string {
  return start.replace(/^(\S+) https?:\/\/[^/?#]+(?=([/?]?))/i, (_, method: string, next: string) =>
    next === '/' ? `${method} ` : `${method} /`,
  )
}

function sameList(one: readonly string[], two: readonly string[]): boolean {
  return one.length === two.length && one.every((item, i) => item === two[i])
}
