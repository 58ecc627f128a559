// One line for each request, appended to a file by every thread: a JSON object, or a format with `$variables`. Lines are gathered and written
// together, at the latest after FLUSH_MS.
import { destination } from 'pino'
import type { Exchange } from './exchange.ts'
import { interpolate } from './variables.ts'

const GATHERED_BYTES = 8192
const FLUSH_MS = 500

export interface AccessLog {
  write(ctx: Exchange): void
  close(): void
}

/** Throws when the file cannot be written. */
export function openAccessLog(file: string, format: string | undefined): AccessLog {
  const out = destination({ dest: file, append: true, mkdir: true, sync: false, minLength: GATHERED_BYTES })
  const timer = setInterval(() => out.flush(), FLUSH_MS)
  timer.unref()
  return {
    write: (ctx) =>
      void out.write(format === undefined ? jsonLine(ctx) : `${interpolate(ctx, format).replace(/[\r\n]/g, ' ')}\n`),
    close: () => {
      clearInterval(timer)
      out.flushSync()
      out.end()
    },
  }
}

function jsonLine(ctx: Exchange): string {
  const { request, response } = ctx
  const last = ctx.upstreamTries.at(-1)
  return `${JSON.stringify({
    time: new Date().toISOString(),
    remote_addr: ctx.remoteAddr,
    method: request.method,
    host: request.host,
    uri: request.target,
    status: response.status,
    body_bytes_sent: response.bodyBytes,
    request_time_ms: Math.round((performance.now() - ctx.startedAt) * 1000) / 1000,
    route_id: ctx.route?.id,
    consumer: ctx.consumer?.username,
    upstream_addr: last?.address,
    upstream_status: last?.status,
    user_agent: request.headers.get('user-agent'),
    referer: request.headers.get('referer'),
  })}\n`
}
