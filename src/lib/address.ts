// Addresses as settings have them: `127.0.0.1:9080`, `[::1]:9080`, `localhost:9080`.

import { isIP } from 'node:net'
import { hostname } from 'node:os'

/** Splits `host:port`; brackets around an IPv6 address are taken off. Undefined when it is no address or the port is above 65535. */
export function parseAddress(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port > 65_535) return undefined
  return { host, port }
}

/** A host as a URL writes it: an IPv6 address in brackets. */
export function withBrackets(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** A host as it is connected to: `[::1]` is `::1`. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}

/** True for a host that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|::1|127(?:\.\d{1,3}){3})$/i.test(host)
}

/**
 * True when a browser on this machine was led here under a name that is none of this machine's: a page of that name could read the answer, since for
 * the browser it is of one site with us (DNS rebinding).
 */
export function isRebound(host: string | undefined, remoteAddress: string | undefined): boolean {
  if (host === undefined || !isLoopback((remoteAddress ?? '').replace(/^::ffff:/, ''))) return false
  const name = host.toLowerCase().replace(/:\d+$/, '')
  const isOwn = name === 'localhost' || name.endsWith('.localhost') || name === hostname().toLowerCase()
  return !isOwn && isIP(name.replace(/^\[|\]$/g, '')) === 0
}

/** How a browser reaches the surface that is listened on; `publicUrl`: what the settings say of it. */
export function browserOrigin(publicUrl: string | undefined, listen: string): string {
  return publicUrl?.replace(/\/$/, '') ?? `http://${reachable(listen).replace('127.0.0.1', 'localhost')}`
}

/** An address to connect to for one that is listened on. */
export function reachable(listen: string): string {
  const address = parseAddress(listen)
  if (!address) return listen
  const host = address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '[::1]' : withBrackets(address.host)
  return `${host}:${address.port}`
}
