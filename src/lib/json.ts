// Parses JSON that a stranger sent: bounded in bytes and depth, UTF-8 only, without a way to reach a prototype.

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** How much a document may be. */
export interface JsonLimits {
  bytes: number
  /** Arrays and objects inside one another. */
  depth: number
}

/** A document was refused: `invalid` (not JSON, not UTF-8, a forbidden name), `too-large` or `too-deep`. */
export class JsonError extends Error {
  readonly reason: 'invalid' | 'too-large' | 'too-deep'
  constructor(reason: JsonError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JsonError'
    this.reason = reason
  }
}

/** Parses a body. A member named `__proto__` is refused; of members with the same name the last one counts, as in APISIX. */
export function parseJson(body: Uint8Array, limits: JsonLimits): unknown {
  if (body.byteLength > limits.bytes) {
    throw new JsonError('too-large', `parsing JSON: found ${body.byteLength} bytes, expected at most ${limits.bytes}`)
  }
  assertDepth(body, limits.depth)
  const text = decode(body)
  try {
    return text.includes('__proto__') || text.includes('\\u') ? JSON.parse(text, refusePrototype) : JSON.parse(text)
  } catch (error) {
    if (error instanceof JsonError) throw error
    throw new JsonError('invalid', `parsing JSON: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
}

/** Depth from the bytes, before the parser's own recursion sees them. Counts brackets outside of strings. */
function assertDepth(body: Uint8Array, limit: number): void {
  let depth = 0
  let inString = false
  for (let index = 0; index < body.length; index += 1) {
    const byte = body[index] as number
    if (inString) {
      if (byte === BACKSLASH) index += 1
      else if (byte === QUOTE) inString = false
    } else if (byte === QUOTE) {
      inString = true
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1
      if (depth > limit) throw new JsonError('too-deep', `parsing JSON: found more than ${limit} levels`)
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1
    }
  }
}

function decode(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (error) {
    throw new JsonError('invalid', 'parsing JSON: found bytes that are not UTF-8', { cause: error })
  }
}

function refusePrototype(this: unknown, name: string, value: unknown): unknown {
  if (name === '__proto__')
    throw new JsonError('invalid', 'parsing JSON: found a member named __proto__, expected none')
  return value
}
