// The latest commits of a store and the watchers that follow them. Each watcher has a cursor (the revision that it has seen), so that a
// commit published while another one is being handed out can neither be skipped nor overtake. Bounded: a watcher that asks for commits
// older than those kept is told to list again.

import type { Commit, Watcher, WatchHandlers } from './contract.ts'

const MAX_COMMITS_KEPT = 1_000

interface Follower {
  seenRevision: number
  handlers: WatchHandlers
}

/** Keeps the latest commits and hands them to watchers, whole and in order. */
export class CommitLog {
  #commits: Commit[] = []
  readonly #followers = new Set<Follower>()
  /** Commits up to this revision are not kept. */
  #forgottenRevision: number

  constructor(revision: number) {
    this.#forgottenRevision = revision
  }

  /** Adds a commit and calls every watcher before it returns. */
  publish(commit: Commit): void {
    this.#commits.push(commit)
    if (this.#commits.length > 2 * MAX_COMMITS_KEPT) {
      const dropped = this.#commits.splice(0, this.#commits.length - MAX_COMMITS_KEPT)
      this.#forgottenRevision = dropped.at(-1)?.revision ?? this.#forgottenRevision
    }
    for (const follower of [...this.#followers]) this.#deliver(follower)
  }

  /** Follows from after `fromRevision`; commits already kept are handed over in a microtask. */
  watch(fromRevision: number, handlers: WatchHandlers): Watcher {
    const follower = { seenRevision: fromRevision, handlers }
    this.#followers.add(follower)
    queueMicrotask(() => this.#deliver(follower))
    return { close: () => void this.#followers.delete(follower) }
  }

  /** Forgets everything and tells every watcher to list again: commits up to `revision` cannot be told one by one. */
  reset(revision: number): void {
    this.#commits = []
    this.#forgottenRevision = revision
    const followers = [...this.#followers]
    this.#followers.clear()
    for (const follower of followers) follower.handlers.onReset()
  }

  /** Ends every watcher without a word. */
  close(): void {
    this.#followers.clear()
  }

  #deliver(follower: Follower): void {
    if (!this.#followers.has(follower)) return
    if (follower.seenRevision < this.#forgottenRevision) {
      this.#followers.delete(follower)
      follower.handlers.onReset()
      return
    }
    for (let index = this.#firstAfter(follower.seenRevision); index < this.#commits.length; index += 1) {
      const commit = this.#commits[index] as Commit
      if (commit.revision <= follower.seenRevision) continue
      follower.seenRevision = commit.revision
      follower.handlers.onCommit(commit)
      if (!this.#followers.has(follower)) return
    }
  }

  /** Index of the first kept commit after a revision; nearly always the last one, so it is looked for from the end. */
  #firstAfter(revision: number): number {
    let index = this.#commits.length
    while (index > 0 && (this.#commits[index - 1] as Commit).revision > revision) index -= 1
    return index
  }
}
