// A connection that a page keeps open to hear what happens, as server-sent events.
import type { StreamingApi } from 'hono/utils/stream'

/** A comment goes out this often, so that a dead connection is found. */
const HEARTBEAT_MS = 20_000

/** Keeps the connection alive; resolves when the page has gone. */
export async function untilGone(out: StreamingApi): Promise<void> {
  if (out.aborted) return
  const heartbeat = setInterval(() => void out.write(': alive\n\n'), HEARTBEAT_MS).unref()
  await new Promise<void>((resolve) => out.onAbort(resolve))
  clearInterval(heartbeat)
}
