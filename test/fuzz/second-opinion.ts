// Single requests of the campaign as nginx sees them. Where both take a request, the upstream must see the same one; where only the
// gateway takes it, the reason is listed here.
import { METHODS } from 'node:http'
import { generate } from './generate.ts'
import type { Nginx, Verdict } from './nginx.ts'
import { readRequests } from './our-requests.ts'
import type { Message } from './outcome.ts'
import { randomFor } from './random.ts'

const AT_ONCE = 8

interface Known {
  when(request: Message, bytes: string): boolean
  /** The clause that the gateway follows. */
  why: string
}

/** What the gateway takes and nginx does not. */
const LAXER_THAN_NGINX: readonly Known[] = [
  {
    when: ({ start }) => !METHODS.includes(start.slice(0, start.indexOf(' '))),
    why: 'RFC 9110 9.1: any token may be a method; nginx wants capital letters, the upstream (node:http) a list',
  },
  {
    // By its bytes: a request may name its Host in Connection, which takes it out of the fields.
    when: (_, bytes) => /\r\nhost:[ \t]*\r\n/i.test(bytes),
    why: 'RFC 9112 3.2: Host is empty when the target has no authority',
  },
  {
    when: (_, bytes) => /(?:host|transfer-encoding|content-length):.*\t/i.test(bytes),
    why: 'RFC 9110 5.6.3: a tab before a value is blank, and one behind it; nginx takes it for part of the value',
  },
]

export interface Opinions {
  asked: number
  bothTake: number
  findings: string[]
}

/** Asks nginx about the single, finished requests among `cases` streams. */
export async function compareWithNginx(nginx: Nginx, seed: number, cases: number): Promise<Opinions> {
  const opinions: Opinions = { asked: 0, bothTake: 0, findings: [] }
  const streams = Array.from({ length: cases }, (_, index) => generate(randomFor(seed, index), 'request').bytes)
  const work = async (): Promise<void> => {
    for (let bytes = streams.pop(); bytes !== undefined; bytes = streams.pop()) await compareOne(nginx, bytes, opinions)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return opinions
}

async function compareOne(nginx: Nginx, bytes: string, opinions: Opinions): Promise<void> {
  const ours = readRequests([Buffer.from(bytes, 'latin1')])
  const [request] = ours.messages
  if (!request || ours.messages.length > 1 || ours.end === 'refused' || ours.partial) return
  const theirs = await nginx.ask(bytes)
  opinions.asked++
  const difference = differs(request, theirs)
  if (!theirs.seen && LAXER_THAN_NGINX.some(({ when }) => when(request, bytes))) return
  if (!difference) opinions.bothTake++
  else
    opinions.findings.push(
      `${difference}: ${JSON.stringify(bytes)}\n  ours  ${JSON.stringify(request)}\n  nginx ${JSON.stringify(theirs)}`,
    )
}

function differs(ours: Message, theirs: Verdict): string | undefined {
  if (!theirs.seen) return ours.start.startsWith('HEAD ') && theirs.status === 200 ? undefined : 'nginx refuses'
  if (theirs.seen.start !== ours.start) return 'start'
  return theirs.seen.body === ours.body ? undefined : 'body'
}
