// Lets the data plane take a commit over while the disk still writes it. The main thread sends the commit to every thread first; each holds
// it and says so here (`seen`). Once it is durable the main thread says that here too, and what a thread holds is in force: it is applied
// before the next request looks at the configuration. So neither side waits for a message of the other after the disk.
//
// A turn is the number of one such sending. Numbers go round at 32 bits, and only neighbours are ever compared.
import type { ConfigChange } from './config.ts'

/** Held commits are applied after this time when no request comes, so that what they replace is closed. */
const APPLY_AFTER_MS = 10

/** Shared memory of all threads: the last durable turn, then the last turn that each thread holds. */
export class Turns {
  readonly buffer: SharedArrayBuffer
  readonly #numbers: Int32Array

  constructor(threads: number | SharedArrayBuffer) {
    this.buffer = typeof threads === 'number' ? new SharedArrayBuffer(4 * (1 + threads)) : threads
    this.#numbers = new Int32Array(this.buffer)
  }

  /** Commits up to this turn are durable. */
  publish(turn: number): void {
    Atomics.store(this.#numbers, 0, turn)
  }

  isDurable(turn: number): boolean {
    return reached(Atomics.load(this.#numbers, 0), turn)
  }

  /** The thread holds all turns up to this one. */
  see(thread: number, turn: number): void {
    Atomics.store(this.#numbers, 1 + thread, turn)
  }

  hasSeen(thread: number, turn: number): boolean {
    return reached(Atomics.load(this.#numbers, 1 + thread), turn)
  }
}

function reached(turn: number, wanted: number): boolean {
  return ((turn - wanted) | 0) >= 0
}

interface Held {
  turn: number
  revision: number
  changes: ConfigChange[]
}

/** What one thread holds. */
export class HeldCommits {
  readonly #turns: Turns
  readonly #thread: number
  readonly #apply: (revision: number, changes: ConfigChange[]) => void
  #held: Held[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(turns: Turns, thread: number, apply: (revision: number, changes: ConfigChange[]) => void) {
    this.#turns = turns
    this.#thread = thread
    this.#apply = apply
  }

  /** True: it is durable already and applied, which the main thread may not have seen and must be told. */
  hold(held: Held): boolean {
    this.#held.push(held)
    this.#turns.see(this.#thread, held.turn)
    if (this.#turns.isDurable(held.turn)) {
      this.takeOver()
      return true
    }
    this.#timer ??= setTimeout(() => this.#look(), APPLY_AFTER_MS)
    return false
  }

  /** Applies what is durable by now. Called before each look at the configuration. */
  takeOver(): void {
    while (this.#held[0] && this.#turns.isDurable(this.#held[0].turn)) {
      const { revision, changes } = this.#held.shift() as Held
      this.#apply(revision, changes)
    }
  }

  /** A turn has not become durable: it never was. */
  withdraw(turn: number): void {
    this.#held = this.#held.filter((held) => held.turn !== turn)
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #look(): void {
    this.takeOver()
    this.#timer = this.#held.length > 0 ? setTimeout(() => this.#look(), APPLY_AFTER_MS) : undefined
  }
}
