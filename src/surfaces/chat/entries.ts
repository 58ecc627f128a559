// What a conversation consists of, as it is kept and as a page shows it. Never holds a secret: of those, only the labels are kept.
import type { ApprovalRequest, Secret } from '../../operations/contract.ts'

/** One thing that was said or done, in order. */
export type Entry =
  | { type: 'you'; text: string }
  | { type: 'text'; text: string }
  | { type: 'tool'; id: string; name: string; input: unknown }
  | { type: 'result'; id: string; name: string; value: Record<string, unknown> }
  | { type: 'ask'; request: ApprovalRequest }
  | { type: 'decided'; planId: string; approved: boolean }
  | { type: 'secrets'; labels: string[] }
  | { type: 'error'; message: string }
  | { type: 'end' }

/** A conversation in the list. Times are milliseconds since 1970. */
export interface ChatInfo {
  id: string
  title: string
  created: number
  updated: number
}

/** What a page that follows a conversation is told. `all` comes first and again after a lost connection, so that nothing has to be resumed. */
export type ChatNews =
  | { type: 'all'; entries: Entry[]; busy: boolean }
  | { type: 'entry'; entry: Entry }
  | { type: 'append'; text: string }
  | { type: 'busy'; busy: boolean }
  | { type: 'secrets'; secrets: Secret[] }
