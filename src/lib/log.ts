// The log: one JSON line for each event, on standard error, in every thread.
import { destination, type Logger as Pino, pino } from 'pino'

/** `level`: fatal, error, warn, info, debug, trace, silent. */
export function createLogger(level: string): Pino {
  return pino({ level, base: undefined, timestamp: pino.stdTimeFunctions.isoTime }, destination({ fd: 2, sync: true }))
}
