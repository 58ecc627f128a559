// Where the bytes of a connection land when it reads for itself (`onread` of node:net) instead of through a stream, which would make a buffer of
// 64 KiB for every read. All connections of a thread share one buffer while little comes; one that streams a large body gets its own for as long,
// so that full reads are handed on without a copy.

/** Bytes of one read at most. */
const READ_BYTES = 64 * 1024
/** Reads up to this size are copied by whoever keeps them; a larger one takes its buffer with it. */
const COPY_BYTES = 8 * 1024

const SHARED = Buffer.allocUnsafeSlow(READ_BYTES)
/** Views of the beginning of SHARED by their length, up to COPY_BYTES: making one anew costs 0.1 us. */
const views: (Buffer | undefined)[] = new Array(COPY_BYTES + 1).fill(undefined)

export class ReadBuffer {
  #current = SHARED

  /** The buffer for the next read. `streaming`: a large body is on its way. */
  next(streaming: boolean): Buffer {
    if (!streaming) this.#current = SHARED
    else if (this.#current === SHARED) this.#current = Buffer.allocUnsafeSlow(READ_BYTES)
    return this.#current
  }

  /** The bytes of a read, in the buffer that `next` gave. */
  view(bytes: number): Buffer {
    if (this.#current !== SHARED || bytes > COPY_BYTES) return this.#current.subarray(0, bytes)
    const known = views[bytes]
    if (known) return known
    const view = SHARED.subarray(0, bytes)
    views[bytes] = view
    return view
  }

  /** Gives away the buffer of a read of `bytes`, when it may be kept; false: the bytes hold only until the callback returns. */
  give(bytes: number): boolean {
    if (this.#current === SHARED || bytes <= COPY_BYTES) return false
    this.#current = SHARED
    return true
  }
}
