// `GET /console/traffic/tail`: requests of the embedded gateway as they finish, as server-sent events. Threads show some of them each second and
// count the others; only while a page follows is anything shown.
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { SeenRequests } from '../../gateway/tail.ts'
import { plainJson } from '../../lib/text.ts'
import { untilGone } from '../http/follow.ts'

/** Pages that follow at the same time. */
const MAX_FOLLOWERS = 8
/** Messages that wait for a slow page; what comes on top is not shown to it. */
const MAX_WAITING = 20

/** Calls back with requests that finish, until the returned function is called. */
export type Watch = (show: (seen: SeenRequests) => void) => () => void

export function tailApi(watch: Watch): Hono {
  let followers = 0
  return new Hono().get('/console/traffic/tail', (c) => {
    if (followers >= MAX_FOLLOWERS)
      return c.json({ error: `${MAX_FOLLOWERS} pages follow requests already; close one` }, 429)
    return streamSSE(c, async (out) => {
      followers++
      let waiting = 0
      const leave = watch((seen) => {
        if (waiting >= MAX_WAITING) return
        waiting++
        void out.writeSSE({ data: JSON.stringify(plainJson(seen, 300)) }).finally(() => waiting--)
      })
      // Tells the page that it is watched from now on.
      await out.writeSSE({ data: JSON.stringify({ requests: [], leftOut: 0 } satisfies SeenRequests) })
      await untilGone(out)
      leave()
      followers--
    })
  })
}
