// What the router looks at of a request.
import type { Exchange } from './exchange.ts'
import type { MatchInput } from './router/router.ts'
import { operand } from './variables.ts'

export class RouteInput implements MatchInput {
  readonly #ctx: Exchange

  constructor(ctx: Exchange) {
    this.#ctx = ctx
  }

  get path(): string {
    return this.#ctx.request.path
  }

  get host(): string {
    return this.#ctx.request.host
  }

  get method(): string {
    return this.#ctx.request.method
  }

  get remoteAddr(): string {
    return this.#ctx.remoteAddr
  }

  var(name: string): unknown {
    return operand(this.#ctx, name)
  }
}
