// Commits on their way from the main thread to the data-plane threads, in memory that all of them share.
//
// Nobody is woken for a commit: a thread looks here whenever a request or a connection is about to look at its configuration, so that a commit is in
// force in all threads as soon as it stands here. (A message to each of four threads took a third of an Admin write's time on two cores.) The memory
// is a ring of bytes; `head` and the threads' tails are counts of bytes that go round at 32 bits. A commit that is too large for it goes to each
// thread's port, with a mark in the ring where its turn is.
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { ConfigChange } from './config.ts'

export interface SentCommit {
  revision: number
  changes: ConfigChange[]
}

/** What a thread is started with to read from the ring. */
export interface RingEnd {
  memory: SharedArrayBuffer
  thread: number
  port: MessagePort
}

/** Bytes of the ring; a power of 2. */
const RING_BYTES = 1024 * 1024
/** Commits above these go by the ports. */
const MAX_BYTES = 64 * 1024
const MAX_CHANGES = 64
/** In place of a length: the commit came by the port. */
const BY_PORT = -1
const HEAD = 0

/** The memory as both sides see it. */
class Ring {
  readonly memory: SharedArrayBuffer
  /** `head`, then the tail of each thread. */
  readonly #counts: Int32Array
  readonly #words: Int32Array
  readonly #bytes: Buffer

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory
    this.#counts = new Int32Array(memory, RING_BYTES)
    this.#words = new Int32Array(memory, 0, RING_BYTES / 4)
    this.#bytes = Buffer.from(memory, 0, RING_BYTES)
  }

  static forThreads(threads: number): Ring {
    return new Ring(new SharedArrayBuffer(RING_BYTES + 4 * (1 + threads)))
  }

  get head(): number {
    return Atomics.load(this.#counts, HEAD)
  }

  tail(thread: number): number {
    return Atomics.load(this.#counts, 1 + thread)
  }

  setTail(thread: number, tail: number): void {
    Atomics.store(this.#counts, 1 + thread, tail)
  }

  /** Puts a length and bytes behind the head, and shows them. */
  append(length: number, bytes: Buffer | undefined): void {
    const { head } = this
    this.#words[at(head) / 4] = length
    const from = at(head + 4)
    if (bytes) {
      const first = Math.min(bytes.length, RING_BYTES - from)
      bytes.copy(this.#bytes, from, 0, first)
      bytes.copy(this.#bytes, 0, first)
    }
    Atomics.store(this.#counts, HEAD, (head + size(length)) | 0)
  }

  length(tail: number): number {
    return this.#words[at(tail) / 4] as number
  }

  text(tail: number, length: number): string {
    const from = at(tail + 4)
    if (from + length <= RING_BYTES) return this.#bytes.toString('utf8', from, from + length)
    const end = from + length - RING_BYTES
    return Buffer.concat([this.#bytes.subarray(from), this.#bytes.subarray(0, end)]).toString()
  }
}

/** Place of a count in the ring. */
function at(count: number): number {
  return count & (RING_BYTES - 1)
}

/** Bytes that a commit of this length takes; lengths stand at multiples of 4. */
function size(length: number): number {
  return 4 + (length === BY_PORT ? 0 : (length + 3) & ~3)
}

/** The main thread's side. */
export class CommitSender {
  readonly #ring: Ring
  /** The threads that read, by number, with what they get large commits by. */
  readonly #ports = new Map<number, MessagePort>()

  constructor(threads: number) {
    this.#ring = Ring.forThreads(threads)
  }

  /** A thread starts; it gets what is sent from now on. */
  join(thread: number): RingEnd {
    this.leave(thread)
    const { port1, port2 } = new MessageChannel()
    this.#ports.set(thread, port1)
    this.#ring.setTail(thread, this.#ring.head)
    return { memory: this.#ring.memory, thread, port: port2 }
  }

  /** A thread has ended: nobody waits for it. */
  leave(thread: number): void {
    this.#ports.get(thread)?.close()
    this.#ports.delete(thread)
  }

  /** False: there is no room, since a thread is far behind. */
  send(commit: SentCommit): boolean {
    const bytes = commit.changes.length <= MAX_CHANGES ? Buffer.from(JSON.stringify(commit)) : undefined
    const inRing = bytes && bytes.length <= MAX_BYTES
    const length = inRing ? bytes.length : BY_PORT
    if (this.#room() < size(length)) return false
    if (!inRing) for (const port of this.#ports.values()) port.postMessage(commit)
    this.#ring.append(length, inRing ? bytes : undefined)
    return true
  }

  /** Whether the thread has not taken all that was sent. */
  isBehind(thread: number): boolean {
    return this.#ports.has(thread) && this.#ring.tail(thread) !== this.#ring.head
  }

  #room(): number {
    const { head } = this.#ring
    let used = 0
    for (const thread of this.#ports.keys()) used = Math.max(used, (head - this.#ring.tail(thread)) >>> 0)
    return RING_BYTES - used
  }
}

/** A thread's side. */
export class CommitReader {
  readonly #ring: Ring
  readonly #thread: number
  readonly #port: MessagePort
  readonly #apply: (revision: number, changes: ConfigChange[]) => void
  #tail: number
  #taking = false

  constructor({ memory, thread, port }: RingEnd, apply: (revision: number, changes: ConfigChange[]) => void) {
    this.#ring = new Ring(memory)
    this.#thread = thread
    this.#port = port
    this.#apply = apply
    this.#tail = this.#ring.tail(thread)
  }

  /** Applies what has come, in order. */
  take(): void {
    if (this.#tail === this.#ring.head || this.#taking) return
    this.#taking = true
    try {
      while (this.#tail !== this.#ring.head) {
        const { revision, changes } = this.#next()
        this.#apply(revision, changes)
      }
    } finally {
      this.#taking = false
    }
  }

  #next(): SentCommit {
    const length = this.#ring.length(this.#tail)
    const commit: SentCommit =
      length === BY_PORT ? receiveMessageOnPort(this.#port)?.message : JSON.parse(this.#ring.text(this.#tail, length))
    this.#tail = (this.#tail + size(length)) | 0
    this.#ring.setTail(this.#thread, this.#tail)
    return commit
  }

  close(): void {
    this.#port.close()
  }
}
