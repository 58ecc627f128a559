// llhttp as node:http uses it, at its strict setting: the oracle. Node has no public way to it but a whole server; `_http_common` gives
// the parser itself, which takes bytes and calls back in the same turn.
import { createRequire } from 'node:module'
import { type Message, type Outcome, type Stream, withoutHopByHop } from './outcome.ts'

type Callback = (...args: never[]) => unknown

interface Parser {
  initialize(kind: number, resource: object, maxHeaderBytes: number, lenient: number): void
  /** Bytes taken, or the error. */
  execute(bytes: Buffer): number | ParserError
  finish(): ParserError | undefined
  close(): void
  [callback: number]: Callback
}

interface ParserError extends Error {
  code: string
}

interface Binding {
  HTTPParser: {
    new (): Parser
    REQUEST: number
    RESPONSE: number
    kOnHeaders: number
    kOnHeadersComplete: number
    kOnBody: number
    kOnMessageComplete: number
    kLenientNone: number
  }
  methods: string[]
}

const { HTTPParser, methods } = createRequire(import.meta.url)('_http_common') as Binding
// `methods` is numbered as llhttp numbers them, but for QUERY: its number lies behind RTSP's methods, which HTTP does not know.
const MAX_HEAD_BYTES = 1024 * 1024

/** What llhttp makes of `stream`; of a response after the upstream has ended its side. */
export function readByLlhttp(stream: Stream): Outcome {
  const reader = new Reader(stream)
  const bytes = Buffer.from(stream.side === 'request' ? hideUpgrade(stream.bytes) : stream.bytes, 'latin1')
  if (bytes.length) reader.execute(bytes)
  if (stream.side === 'response') reader.finish()
  return reader.outcome
}

// A request that asks for an upgrade stops llhttp behind its head, whatever its body; a gateway that does not switch reads on. So the
// word is another one for llhttp.
const hideUpgrade = (text: string): string => text.replace(/(?<=upgra)d(?=e)/gi, (d) => (d === 'd' ? 'y' : 'Y'))
const showUpgrade = (text: string): string => text.replace(/(?<=upgra)y(?=e)/gi, (y) => (y === 'y' ? 'd' : 'D'))

class Reader {
  readonly outcome: Outcome = { messages: [], end: 'waiting', partial: undefined, reason: '', reusable: false }
  readonly #stream: Stream
  #fields: string[] = []
  #url = ''
  #message: Message | undefined
  #keepAlive = false
  #status = 0
  #parser: Parser | undefined
  #body: string[] = []

  constructor(stream: Stream) {
    this.#stream = stream
  }

  get isOver(): boolean {
    return this.outcome.end !== 'waiting'
  }

  execute(bytes: Buffer): void {
    this.#parser = this.#create()
    const taken = this.#parser.execute(bytes)
    if (taken === bytes.length) this.#keepPartial()
    // llhttp stops with an error of its own where it finds bytes behind a message that closes.
    else if (this.isOver) this.outcome.reusable = false
    else this.#refuse(typeof taken === 'number' ? { code: 'UPGRADE', message: '' } : taken)
  }

  finish(): void {
    if (this.isOver) return
    const error = this.#parser?.finish()
    if (this.isOver) return
    this.#refuse({ code: error?.code ?? 'UNFINISHED', message: '' })
  }

  #create(): Parser {
    const parser = new HTTPParser()
    const kind = this.#stream.side === 'request' ? HTTPParser.REQUEST : HTTPParser.RESPONSE
    parser.initialize(kind, {}, MAX_HEAD_BYTES, HTTPParser.kLenientNone)
    parser[HTTPParser.kOnHeaders] = (fields: string[], url: string) => {
      if (this.#message) this.#message.trailers.push(...fields)
      else {
        this.#fields.push(...fields)
        this.#url += url
      }
    }
    parser[HTTPParser.kOnHeadersComplete] = (
      _major: number,
      _minor: number,
      fields: string[] | undefined,
      method: number,
      url: string | undefined,
      status: number,
      _reason: string,
      _upgrade: boolean,
      keepAlive: boolean,
    ) => this.#onHead(fields ?? this.#fields, methods[method] ?? 'QUERY', url ?? this.#url, status, keepAlive)
    parser[HTTPParser.kOnBody] = (chunk: Buffer) => {
      this.#body.push(chunk.toString('latin1'))
    }
    parser[HTTPParser.kOnMessageComplete] = () => this.#onMessage()
    return parser
  }

  #onHead(fields: string[], method: string, url: string, status: number, keepAlive: boolean): number {
    if (this.isOver) return 0
    const start = this.#stream.side === 'request' ? `${method} ${url}` : String(status)
    this.#message = { start, fields, body: '', trailers: [] }
    this.#keepAlive = keepAlive
    this.#status = status
    return this.#stream.side === 'response' && this.#stream.method === 'HEAD' ? 1 : 0
  }

  #onMessage(): void {
    const message = this.#message
    this.#message = undefined
    this.#fields = []
    this.#url = ''
    if (!message || this.isOver) return
    this.#show(message)
    this.#body = []
    this.outcome.messages.push(message)
    if (this.#stream.side === 'request' ? !this.#keepAlive : this.#status >= 200 || this.#status === 101) {
      this.outcome.end = 'closed'
      this.outcome.reusable = this.#keepAlive
    }
  }

  #keepPartial(): void {
    if (this.isOver || !this.#message) return
    this.outcome.partial = this.#show(this.#message)
  }

  #show(message: Message): Message {
    message.start = showUpgrade(message.start)
    message.fields = withoutHopByHop(message.fields.map(showUpgrade))
    message.body = showUpgrade(this.#body.join(''))
    return message
  }

  #refuse(error: { code: string; message: string }): void {
    this.outcome.end = 'refused'
    this.outcome.partial = undefined
    this.outcome.reason = `${error.code} ${error.message}`.trim()
  }
}
