// What the gateway says of a request's client to others: its scheme, its Host and the port it has called.
import { flatText } from '../lib/flat-text.ts'
import { portOf } from './authority.ts'
import type { Exchange } from './exchange.ts'

/** As a trusted peer or a plugin has said it, or as the gateway itself sees it. */
export function forwardedOf({ request, connection, forwarded }: Exchange): Record<'proto' | 'host' | 'port', string> {
  return {
    proto: forwarded?.proto ?? request.scheme,
    host: forwarded?.host ?? request.authority,
    port: forwarded?.port ?? portOf(request.authority) ?? String(connection.serverPort),
  }
}

/** The header lines for an upstream about a client of whom nobody else has said anything. */
export interface ForwardedLines {
  remoteAddr: string
  scheme: string
  authority: string
  lines: string
}

/** Longer ones are not kept: a connection may be idle for long. */
const MAX_KEPT = 512

/** Header lines for an upstream about the client. `before`: the addresses in X-Forwarded-For before that of the client, with their commas. */
export function forwardedLines(ctx: Exchange, before: string): string {
  const { connection, remoteAddr, request } = ctx
  if (before !== '' || ctx.forwarded) return write(ctx, before)
  const { told } = connection
  // The same for nearly all requests of a connection: to compare is 0.1 us cheaper than to write.
  if (told?.authority === request.authority && told.remoteAddr === remoteAddr && told.scheme === request.scheme)
    return told.lines
  const lines = flatText(write(ctx, before))
  if (lines.length <= MAX_KEPT)
    connection.told = { remoteAddr, scheme: request.scheme, authority: request.authority, lines }
  return lines
}

function write(ctx: Exchange, before: string): string {
  const { remoteAddr } = ctx
  const { proto, host, port } = forwardedOf(ctx)
  return (
    `X-Real-IP: ${remoteAddr}\r\nX-Forwarded-For: ${before}${remoteAddr}\r\nX-Forwarded-Proto: ${proto}\r\n` +
    `X-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${port}\r\n`
  )
}
