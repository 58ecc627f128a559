// A name server of the tests' own, over UDP.
import dgram from 'node:dgram'
import { after } from 'node:test'

export interface DnsRecord {
  ttl?: number
  data: Buffer
}

export interface NameServer {
  /** address:port */
  address: string
  /** By type and name: `A one.test`. */
  records: Map<string, DnsRecord[]>
  /** Type and name of each question. */
  asked: string[]
  /** Every question is answered with SERVFAIL. */
  failing: boolean
}

const TYPES: Record<number, string> = { 1: 'A', 28: 'AAAA', 33: 'SRV' }

const toName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])),
    Buffer.alloc(1),
  ])

export const a = (address: string, ttl = 60): DnsRecord => ({ ttl, data: Buffer.from(address.split('.').map(Number)) })

export function srv(priority: number, weight: number, port: number, target: string): DnsRecord {
  const head = Buffer.alloc(6)
  for (const [i, value] of [priority, weight, port].entries()) head.writeUInt16BE(value, i * 2)
  return { data: Buffer.concat([head, toName(target)]) }
}

/** Starts one on a free port; it is closed after the tests of the file. */
export async function startNameServer(): Promise<NameServer> {
  const server: NameServer = { address: '', records: new Map(), asked: [], failing: false }
  const socket = dgram.createSocket('udp4')
  socket.on('message', (query, from) => socket.send(answer(server, query), from.port, from.address))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  after(() => socket.close())
  server.address = `127.0.0.1:${socket.address().port}`
  return server
}

/** Answers one question from the records; a name that has none of any type is not known. */
function answer({ records, asked, failing }: NameServer, query: Buffer): Buffer {
  const labels: string[] = []
  let at = 12
  for (let length = query[at] as number; length > 0; length = query[at] as number) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const name = labels.join('.')
  const type = query.readUInt16BE(at + 1)
  const key = `${TYPES[type]} ${name}`
  asked.push(key)
  const found = records.get(key) ?? []
  const known = [...records.keys()].some((one) => one.endsWith(` ${name}`))
  const head = Buffer.alloc(12)
  query.copy(head, 0, 0, 2)
  head.writeUInt16BE(0x8180 | (failing ? 2 : known ? 0 : 3), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(failing ? 0 : found.length, 6)
  const answers = found.map(({ ttl = 60, data }) => {
    const fixed = Buffer.alloc(12)
    for (const [i, value] of [0xc00c, type, 1, 0, ttl, data.length].entries()) fixed.writeUInt16BE(value, i * 2)
    return Buffer.concat([fixed, data])
  })
  return Buffer.concat([head, query.subarray(12, at + 5), ...(failing ? [] : answers)])
}
