// A socket without a network: tests put bytes in by emitting `data`, and nothing waits for an event loop.
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

export class FakeSocket extends EventEmitter {
  destroyed = false

  write(): boolean {
    return true
  }

  end(): this {
    return this
  }

  destroy(): this {
    this.destroyed = true
    return this
  }

  destroySoon(): void {
    this.destroyed = true
  }

  cork(): void {}
  uncork(): void {}
  pause(): void {}
  resume(): void {}

  isPaused(): boolean {
    return false
  }

  asSocket(): Socket {
    return this as unknown as Socket
  }
}
