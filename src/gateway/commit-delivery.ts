// Commits on their way to the threads: those that wait for room, and who waits until every thread serves one.
import { CommitSender, type RingEnd, type SentCommit } from './commit-ring.ts'

/** A thread that no request makes look at its configuration is told to do so after this time, so that what a commit replaces is closed. */
const LOOK_AFTER_MS = 50

export class CommitDelivery {
  /** The revision that every thread serves. */
  served = 0
  readonly #threads: number
  readonly #wake: (thread: number) => void
  readonly #sender: CommitSender
  /** Commits for which a thread that is far behind has left no room. */
  readonly #backlog: SentCommit[] = []
  readonly #waiting: { revision: number; resolve: (served: boolean) => void }[] = []
  #lookTimer: NodeJS.Timeout | undefined

  /** `wake` tells a thread to look. */
  constructor(threads: number, wake: (thread: number) => void) {
    this.#threads = threads
    this.#wake = wake
    this.#sender = new CommitSender(threads)
  }

  /** A thread starts with the configuration as it is at `revision`. */
  join(thread: number, revision: number): RingEnd {
    if (this.#backlog.length === 0) this.served = revision
    return this.#sender.join(thread)
  }

  leave(thread: number): void {
    this.#sender.leave(thread)
  }

  /** Hands a commit to all threads, which serve it from then on. */
  push(commit: SentCommit): void {
    this.#backlog.push(commit)
    this.#send()
    this.#lookTimer ??= setTimeout(() => this.#look(), LOOK_AFTER_MS)
  }

  /** Resolves true when all threads serve `revision`, false when `limitMs` have passed before. */
  whenServed(revision: number, limitMs: number): Promise<boolean> {
    if (this.served >= revision) return Promise.resolve(true)
    return new Promise((resolve) => {
      const waiting = { revision, resolve: (served: boolean) => settle(served) }
      const timer = setTimeout(() => settle(false), limitMs)
      const settle = (served: boolean): void => {
        clearTimeout(timer)
        const at = this.#waiting.indexOf(waiting)
        if (at >= 0) this.#waiting.splice(at, 1)
        resolve(served)
      }
      this.#waiting.push(waiting)
    })
  }

  close(): void {
    clearTimeout(this.#lookTimer)
  }

  #send(): void {
    for (let next = this.#backlog[0]; next && this.#sender.send(next); next = this.#backlog[0]) {
      this.served = next.revision
      this.#backlog.shift()
    }
    for (const waiting of [...this.#waiting]) if (waiting.revision <= this.served) waiting.resolve(true)
  }

  #look(): void {
    this.#send()
    for (let thread = 0; thread < this.#threads; thread++) if (this.#sender.isBehind(thread)) this.#wake(thread)
    this.#lookTimer = this.#backlog.length > 0 ? setTimeout(() => this.#look(), LOOK_AFTER_MS) : undefined
  }
}
