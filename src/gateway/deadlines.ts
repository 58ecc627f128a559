// Timeouts of many connections with one timer. Whoever waits has a deadline; a sweep every SWEEP_MS calls `expire` on those past theirs.
// Setting a deadline is one assignment, where a timer for each request would cost more than the routing.

/** How late a timeout may be. */
const SWEEP_MS = 20

export interface Waiting {
  /** performance.now() in milliseconds; Infinity: not waiting. */
  deadline: number
  expire(): void
}

export class Deadlines {
  readonly #waiting = new Set<Waiting>()
  readonly #timer: NodeJS.Timeout
  /** performance.now() of the last sweep or `touch`: exact enough for timeouts, and free. */
  now = performance.now()

  constructor() {
    this.#timer = setInterval(() => this.#sweep(), SWEEP_MS)
    this.#timer.unref()
  }

  add(waiting: Waiting): void {
    this.#waiting.add(waiting)
  }

  delete(waiting: Waiting): void {
    this.#waiting.delete(waiting)
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #sweep(): void {
    this.now = performance.now()
    for (const waiting of this.#waiting) if (waiting.deadline <= this.now) waiting.expire()
  }
}
