// The PROXY protocol, versions 1 and 2: a balancer in front tells the client's address ahead of the connection's own bytes. The gateway itself writes
// version 1, to the upstreams of stream routes.
//
// A port that speaks it demands it: without a well-formed header the connection is closed, since a client could otherwise write its own.
// The address counts only when the peer is one of `gateway.trusted_proxies`; a header from anyone else is read and forgotten.
import { isIPv4, isIPv6, type Socket } from 'node:net'
import type { ConnectionInfo } from './exchange.ts'
import { type Peeked, peek } from './peek.ts'

/** Who the client is; undefined: the header says nothing about it (UNKNOWN, LOCAL, other families). */
export type ProxiedClient = { address: string; port: number } | undefined

/** How ports that speak the protocol read it. */
export interface ProxyProtocol {
  trusted: { has(address: string): boolean }
  timeoutMs: number
}

/** A header of version 1 has at most this, CRLF included. */
const MAX_V1_BYTES = 107
/** Version 2: 16 bytes and what they announce; more than any balancer adds as TLVs is refused. */
const MAX_V2_BYTES = 16 + 4096
const V1 = Buffer.from('PROXY ')
const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Reads the header of a new connection, then hands it over, paused, with the address that counts. */
export function acceptProxied(
  socket: Socket,
  info: ConnectionInfo,
  { trusted, timeoutMs }: ProxyProtocol,
  then: (info: ConnectionInfo) => void,
): void {
  peek<ProxiedClient>(socket, { maxBytes: MAX_V2_BYTES, timeoutMs }, parseProxyHeader, (client) => {
    if (!client) return then(info)
    const announced = { remoteAddr: client.address, remotePort: client.port }
    then({ ...info, announced, ...(trusted.has(info.remoteAddr) ? announced : {}) })
  })
}

/** A header of version 1 that tells the ends of a connection, as nginx sends it to upstreams. */
export function proxyHeader({ remoteAddr, remotePort, serverAddr, serverPort }: ConnectionInfo): string {
  const family = [isIPv4, isIPv6].findIndex((is) => is(remoteAddr) && is(serverAddr))
  if (family < 0) return 'PROXY UNKNOWN\r\n'
  return `PROXY TCP${family === 0 ? 4 : 6} ${remoteAddr} ${serverAddr} ${remotePort} ${serverPort}\r\n`
}

/** Reads a header at the beginning of `bytes`. */
export function parseProxyHeader(bytes: Buffer): Peeked<ProxiedClient> {
  if (startsLike(bytes, V2)) return bytes.length < V2.length ? 'incomplete' : parseBinary(bytes)
  return startsLike(bytes, V1) ? parseText(bytes) : 'malformed'
}

function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length)
  return bytes.subarray(0, length).equals(signature.subarray(0, length))
}

function parseText(bytes: Buffer): Peeked<ProxiedClient> {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf('\r\n')
  if (end < 0) return bytes.length < MAX_V1_BYTES ? 'incomplete' : 'malformed'
  const line = bytes.toString('latin1', 0, end)
  const taken = end + 2
  if (/^PROXY UNKNOWN(?: [ -~]*)?$/.test(line)) return { value: undefined, taken }
  const [, family, from = '', to = '', fromPort, toPort, ...more] = line.split(' ')
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : () => false
  const [port, other] = [toPortNumber(fromPort), toPortNumber(toPort)]
  if (more.length || !isAddress(from) || !isAddress(to) || port === undefined || other === undefined) return 'malformed'
  return { value: { address: from, port }, taken }
}

function toPortNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^(?:0|[1-9]\d{0,4})$/.test(text) || Number(text) > 65_535) return undefined
  return Number(text)
}

const LOCAL = 0x20
const PROXY = 0x21
const TCP4 = 0x11
const TCP6 = 0x21

function parseBinary(bytes: Buffer): Peeked<ProxiedClient> {
  if (bytes.length < 16) return 'incomplete'
  const [command, family, length] = [bytes[12], bytes[13], bytes.readUInt16BE(14)]
  if (command !== LOCAL && command !== PROXY) return 'malformed'
  const taken = 16 + length
  if (taken > MAX_V2_BYTES) return 'malformed'
  if (bytes.length < taken) return 'incomplete'
  const size = family === TCP4 ? 12 : family === TCP6 ? 36 : 0
  if (command === LOCAL || size === 0) return { value: undefined, taken }
  if (length < size) return 'malformed'
  const address = family === TCP4 ? bytes.subarray(16, 20).join('.') : toIpv6(bytes.subarray(16, 32))
  return { value: { address, port: bytes.readUInt16BE(family === TCP4 ? 24 : 48) }, taken }
}

function toIpv6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}
