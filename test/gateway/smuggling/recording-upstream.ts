// An upstream that keeps the bytes of every connection as they came, and reads them the plain way: what it does not understand it keeps
// as garbage, so that nothing that reaches it stays unseen.
import net, { type AddressInfo } from 'node:net'

export interface Recorded {
  /** Request line. */
  line: string
  /** Header lines as sent. */
  headers: string[]
  body: string
  /** The whole head, as sent. */
  head: string
}

export interface RecordingUpstream {
  node: string
  requests: Recorded[]
  /** Bytes that were not part of a whole request when their connection ended. */
  leftovers: string[]
  close(): void
}

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** Answers each whole request with `ok`, or with the bytes that its X-Reply names in base64; `/early` before its body has come. */
export async function startRecordingUpstream(): Promise<RecordingUpstream> {
  const requests: Recorded[] = []
  const leftovers: string[] = []
  const sockets = new Set<net.Socket>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    let pending = ''
    let isAnswered = false
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      if (pending) leftovers.push(pending)
    })
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1')
      if (pending.includes(' /early') && !isAnswered) {
        isAnswered = true
        socket.write(OK)
      }
      for (let request = take(pending); request; request = take(pending)) {
        pending = pending.slice(request.length)
        requests.push(request.recorded)
        if (!isAnswered) socket.write(replyTo(request.recorded), 'latin1')
        isAnswered = false
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    node: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    leftovers,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function replyTo({ headers }: Recorded): string {
  const reply = headers.find((line) => line.toLowerCase().startsWith('x-reply: '))
  return reply === undefined ? OK : Buffer.from(reply.slice(9), 'base64').toString('latin1')
}

/** The first request in `text`, when it is whole. */
function take(text: string): { recorded: Recorded; length: number } | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = text.slice(0, end)
  const [line, ...headers] = head.split('\r\n') as [string, ...string[]]
  const length = headers.map((header) => /^content-length: (\d+)$/i.exec(header)?.[1]).find((value) => value)
  const chunked = headers.some((header) => /^transfer-encoding: chunked$/i.test(header))
  const rest = text.slice(end + 4)
  const body = chunked ? takeChunks(rest) : { data: rest.slice(0, Number(length ?? 0)), bytes: Number(length ?? 0) }
  if (!body || rest.length < body.bytes) return undefined
  return { recorded: { line, headers, body: body.data, head }, length: end + 4 + body.bytes }
}

function takeChunks(text: string): { data: string; bytes: number } | undefined {
  let data = ''
  for (let at = 0; ; ) {
    const size = /^([0-9a-f]+)\r\n/.exec(text.slice(at))
    if (!size) return undefined
    const bytes = Number.parseInt(size[1] as string, 16)
    at += size[0].length
    if (bytes === 0) return text.startsWith('\r\n', at) ? { data, bytes: at + 2 } : undefined
    data += text.slice(at, at + bytes)
    at += bytes + 2
  }
}

/** What is wrong with a forwarded head: anything that two readers could take for two things. */
export function ambiguityOf({ line, headers, head }: Recorded): string | undefined {
  if (/[\r\n]/.test(head.replaceAll('\r\n', '')) || /[^\r\n\t -~\x80-\xff]/.test(head)) return 'a control character'
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [!-~]+ HTTP\/1\.1$/.test(line)) return `request line ${line}`
  const odd = headers.find(
    (header) => !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[!-~\x80-\xff](?:.*[!-~\x80-\xff])?)?$/.test(header),
  )
  if (odd !== undefined) return `header line ${odd}`
  const names = headers.map((header) => header.slice(0, header.indexOf(':')).toLowerCase().replaceAll('_', '-'))
  if (names.filter((name) => name === 'host').length !== 1) return 'not one Host'
  if (names.filter((name) => name === 'content-length' || name === 'transfer-encoding').length > 1)
    return 'two framings'
  if (headers.some((header) => /^(?:upgrade: h2|http2-settings|expect|te|keep-alive)/i.test(header)))
    return 'a field of the connection'
  return undefined
}
