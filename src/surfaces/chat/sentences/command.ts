// What a sentence asks for.
import type { Intent } from '../../../operations/intents/index.ts'
import type { Kind } from '../../../resources/kinds.ts'

export type Command =
  | { type: 'list'; kind: Kind; search: string | undefined }
  | { type: 'show'; kind: Kind; id: string }
  | { type: 'explain'; method: string; path: string; host: string | undefined }
  | { type: 'describe'; plugin: string | undefined }
  | { type: 'history' }
  | { type: 'lint' }
  | { type: 'fix'; ids: string[] | undefined }
  | { type: 'traffic'; by: string; search: string | undefined; seconds: number | undefined }
  | { type: 'undo'; id: string | undefined }
  | { type: 'confirm'; id: string | undefined }
  | { type: 'promote'; kind: Kind; id: string | undefined; from: string | undefined; to: string }
  | { type: 'import'; source: string; server: string | undefined; prefix: string | undefined }
  | { type: 'plan'; intents: Intent[]; route: RouteReference; confirmSeconds?: number }
  | { type: 'delete'; kind: Kind; id: string | undefined }
  | { type: 'probe'; method: string; path: string }
  | { type: 'help' }
  /** `piece`: the part of a sentence that nobody understood, when others were. */
  | { type: 'unknown'; piece?: string }

/**
 * Which route a sentence is about: one named by id, one named by its path, all, one whose id stands somewhere in the words, the one talked about
 * last (`it`), or none (a new one).
 */
export type RouteReference = { id: string } | { path: string } | { words: string[]; pronoun: boolean } | 'all' | 'none'
