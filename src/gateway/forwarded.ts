// What the gateway says of a request's client to others: its scheme, its Host and the port it has called.
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
