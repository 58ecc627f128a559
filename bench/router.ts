// The router alone: `node --expose-gc bench/router.ts`. Prints, for 1 to 100,000 mixed routes, the time to build, nanoseconds for a match, bytes of
// heap for a route, and the time of one change.
import { createRouter, type MatchInput, type RouteKeys } from '../src/gateway/router/router.ts'

const MATCHES = 300_000

function keysOf(i: number): RouteKeys {
  const uri = [`/exact/${i}`, `/prefix/${i}/*`, `/api/v${i % 7}/things/${i}`][i % 3] as string
  return { id: `r${i}`, uris: [uri], hosts: i % 4 === 0 ? [`h${i % 500}.example`] : undefined, priority: 0, order: i }
}

function inputFor(i: number): MatchInput {
  const path = [`/exact/${i}`, `/prefix/${i}/x/y`, `/api/v${i % 7}/things/${i}`][i % 3] as string
  return {
    path,
    host: i % 4 === 0 ? `h${i % 500}.example` : 'other.example',
    method: 'GET',
    remoteAddr: '127.0.0.1',
    var: () => undefined,
  }
}

for (const count of [1, 1000, 10_000, 100_000]) {
  globalThis.gc?.()
  const heapBefore = process.memoryUsage().heapUsed
  const built = performance.now()
  const router = createRouter('radixtree_host_uri')
  for (let i = 0; i < count; i++) router.add(keysOf(i))
  const buildMs = performance.now() - built
  globalThis.gc?.()
  const bytes = (process.memoryUsage().heapUsed - heapBefore) / count
  const inputs = Array.from({ length: 1000 }, (_, i) => inputFor(Math.floor((i * count) / 1000)))
  let found = 0
  const matched = performance.now()
  for (let i = 0; i < MATCHES; i++) if (router.match(inputs[i % 1000] as MatchInput)) found++
  const nanoseconds = ((performance.now() - matched) * 1e6) / MATCHES
  if (found !== MATCHES) throw new Error(`${MATCHES - found} requests found no route`)
  const changed = performance.now()
  router.remove('r0')
  router.add(keysOf(0))
  const changeMs = performance.now() - changed
  console.log(
    `${count} routes: built in ${buildMs.toFixed(1)} ms, ${nanoseconds.toFixed(0)} ns a match, ${bytes.toFixed(0)} bytes a route, one change ${changeMs.toFixed(3)} ms`,
  )
}
