// Waiting inside a phase, for plugins that delay requests on purpose.
import type { Exchange } from './exchange.ts'

/** Longest wait, in seconds: timers of the runtime hold no more milliseconds than 31 bits. */
export const MAX_PAUSE_S = 2_147_483

/** Resolves after `seconds`, or as soon as the client has gone. */
export function pause(ctx: Exchange, seconds: number): Promise<void> {
  return new Promise((resolve) => {
    const before = ctx.onAbort
    const done = (): void => {
      clearTimeout(timer)
      ctx.onAbort = before
      resolve()
    }
    const timer = setTimeout(done, seconds * 1000)
    ctx.onAbort = () => {
      before?.()
      done()
    }
  })
}
