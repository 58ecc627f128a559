/** The longest time, in milliseconds, that a timer of the runtime holds: a longer one would be over at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A time as a timer can hold it. Some twenty-five days stand for ever. */
export function timerMs(milliseconds: number): number {
  return Math.min(milliseconds, MAX_TIMER_MS)
}
