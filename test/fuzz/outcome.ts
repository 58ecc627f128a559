// What a parser made of a stream of bytes, in one form for all parsers, so that two can be compared.

/** One request or response as a parser has read it. Text is latin1, one character for each byte. */
export interface Message {
  /** Method and target of a request, status of a response. */
  start: string
  /** name, value, name, value, ... as sent, without those that Connection names. */
  fields: string[]
  body: string
  /** Fields behind a chunked body. */
  trailers: string[]
}

export interface Outcome {
  /** The messages that were read whole, in order. */
  messages: Message[]
  /** `waiting`: more bytes may come; `closed`: the last message says that none will be read; `refused`: the stream is malformed. */
  end: 'waiting' | 'closed' | 'refused'
  /** The message at which the stream ended, when its head is complete and the end is `waiting`. */
  partial: Message | undefined
  /** The parser's own word for a refusal. */
  reason: string
  /** Of a response: the connection may carry another one. */
  reusable: boolean
}

/** A stream to be parsed. */
export interface Stream {
  side: 'request' | 'response'
  /** latin1. */
  bytes: string
  /** Of a response: the method of its request. */
  method: string
}

/** Fields without those that Connection lists: no parser's caller sees them (RFC 9110 7.6.1). */
export function withoutHopByHop(fields: readonly string[]): string[] {
  const named = new Set<string>()
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]?.toLowerCase() !== 'connection') continue
    for (const option of (fields[i + 1] as string).split(',')) named.add(option.trim().toLowerCase())
  }
  for (const option of ['close', 'keep-alive', 'upgrade']) named.delete(option)
  return fields.filter((_, i) => !named.has((fields[i - (i % 2)] as string).toLowerCase()))
}
