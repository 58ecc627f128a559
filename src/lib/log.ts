// The log: one JSON line for each event, on standard error, in every thread. Passwords and tokens inside addresses are hidden.
import { destination, type Logger as Pino, pino } from 'pino'
import { hideInUrls } from './url-secrets.ts'

/** `level`: fatal, error, warn, info, debug, trace, silent. */
export function createLogger(level: string): Pino {
  const hooks = { streamWrite: hideInUrls }
  return pino(
    { level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime, hooks },
    destination({ fd: 2, sync: true }),
  )
}
