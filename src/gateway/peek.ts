// Looks at the first bytes of a connection before its protocol begins: a ClientHello, a PROXY header.
import type { Socket } from 'node:net'

/** What has been made of the bytes so far. `taken`: bytes that the protocol must not see. */
export type Peeked<T> = { value: T; taken: number } | 'incomplete' | 'malformed'

export interface PeekLimits {
  maxBytes: number
  timeoutMs: number
}

/** Reads until `look` has its answer, gives the rest back to the socket and calls `then`. The socket is closed when bytes are malformed, too many or late. */
export function peek<T>(
  socket: Socket,
  limits: PeekLimits,
  look: (bytes: Buffer) => Peeked<T>,
  then: (value: T) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0)
  const stop = (): void => {
    clearTimeout(timer)
    for (const [event, listener] of Object.entries(listeners)) socket.off(event, listener)
  }
  const fail = (): void => {
    stop()
    socket.on('error', () => {})
    socket.destroy()
  }
  const take = (chunk: Buffer): void => {
    bytes = bytes.length ? Buffer.concat([bytes, chunk]) : chunk
    const peeked = look(bytes)
    if (peeked === 'malformed' || (peeked === 'incomplete' && bytes.length >= limits.maxBytes)) {
      fail()
      return
    }
    if (peeked === 'incomplete') return
    stop()
    socket.pause()
    const rest = bytes.subarray(peeked.taken)
    if (rest.length) socket.unshift(rest)
    then(peeked.value)
  }
  const listeners: Record<string, (chunk: Buffer) => void> = { data: take, end: fail, error: fail, close: fail }
  const timer = setTimeout(fail, limits.timeoutMs)
  for (const [event, listener] of Object.entries(listeners)) socket.on(event, listener)
}
