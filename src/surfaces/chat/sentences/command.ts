// What a sentence asks for.
import type { Intent } from '../../../operations/intents/index.ts'
import type { Kind, Resource } from '../../../resources/kinds.ts'

export type Command =
  /** `lacking`: only those that do not run such a plugin. */
  | { type: 'list'; kind: Kind; search: string | undefined; lacking?: Topic }
  /** Without id: the route that was talked about last. */
  | { type: 'show'; kind: Kind; id: string | undefined }
  /** `failing`: the question is why it fails, so that one request is tried. */
  | {
      type: 'explain'
      method: string
      path: string
      host: string | undefined
      headers?: Record<string, string>
      failing?: true
    }
  | { type: 'describe'; plugins: string[] }
  /** `about`: `routes/orders`. */
  | { type: 'history'; about?: string }
  | { type: 'lint' }
  | { type: 'fix'; ids: string[] | undefined }
  | { type: 'traffic'; by: string; search: string | undefined; seconds: number | undefined }
  | { type: 'undo'; id: string | undefined }
  | { type: 'confirm'; id: string | undefined }
  | { type: 'promote'; kind: Kind; id: string | undefined; from: string | undefined; to: string }
  | { type: 'import'; source: string; server: string | undefined; prefix: string | undefined }
  /** `rest`: words that nobody understood, names of routes or nothing is done; `orElse`: what is meant when no route serves its path. */
  | {
      type: 'plan'
      intents: Intent[]
      route: RouteReference
      confirmSeconds?: number
      rest?: string[]
      orElse?: Command
    }
  /** What was planned last with another number, or for another route. */
  | { type: 'instead'; number: number | undefined; seconds: number | undefined; per?: number; otherwise?: Command }
  /** What was planned last, only for some methods, or not for them. */
  | { type: 'only-for'; methods: string[]; spared: boolean }
  | { type: 'repeat'; route: RouteReference }
  /** A number that is there, changed by what is said; without a subject: the number that was planned last. */
  | {
      type: 'relative'
      subject: Subject | undefined
      change: Change
      /** Which of the timeouts. */
      which: 'connect' | 'send' | 'read' | undefined
      route: { path: string } | { words: string[]; pronoun: boolean }
      rest: string[]
    }
  /** What was done a moment ago; `otherwise` when nothing was. */
  | { type: 'take-back'; otherwise: Command }
  | { type: 'delete'; kind: Kind; what: Deleted }
  | { type: 'create'; kind: Kind; id: string; set: Resource }
  /** Which target the conversation is about. */
  | { type: 'where' }
  | { type: 'probe'; method: string; path: string; consumer?: string; repeat?: number }
  | { type: 'help' }
  | { type: 'greeting' }
  /** `piece`: the part of a sentence that nobody understood, when others were; `hint`: what can be said instead. */
  | { type: 'unknown'; piece?: string; hint?: string }

/** A number of a route that can be said to be more or less. */
export type Subject = 'limit' | 'concurrency' | 'burst' | 'timeout' | 'retries' | 'cache' | 'body'

/** `factor` times what is there, and `add` more, in the unit that was said. */
export interface Change {
  factor: number
  add: number
  /** Of the unit of `add`; absent when none was said. */
  seconds?: number
  bytes?: number
  /** Seconds of the window of `add`: `50 a minute`. */
  per?: number
}

/** What a route may lack, and the plugins that give it. */
export interface Topic {
  name: string
  plugins: RegExp
}

/** `last`: the one that was talked about. */
export type Deleted = { ids: string[] } | { path: string } | 'last'

/**
 * Which route a sentence is about: one named by id, one named by its path, all, one whose id stands somewhere in the words, the one talked about
 * last (`it`), or none (a new one).
 */
export type RouteReference = { id: string } | { path: string } | { words: string[]; pronoun: boolean } | 'all' | 'none'
