// The request as it goes to an upstream: its target, its Host, its headers. Follows APISIX's rules for what a proxy adds.
import type { Exchange } from './exchange.ts'
import { forwardedLines } from './forwarded.ts'
import { isHopByHop } from './hop-by-hop.ts'
import type { Destination, OutgoingRequest } from './transport/transport.ts'
import type { Node, UpstreamRuntime } from './upstream/runtime.ts'

/** What `ctx` asks of the upstream, addressed to `node`. */
export function outgoing(ctx: Exchange, upstream: UpstreamRuntime, node: Node): OutgoingRequest {
  const { request } = ctx
  return {
    method: request.method,
    uri: ctx.upstreamUri ?? request.target,
    host: hostFor(ctx, upstream, node),
    headers: headerLines(ctx),
    body: request.body,
    upgrade: ctx.upgrade === undefined ? undefined : upgradeOf(ctx, ctx.upgrade),
    saysEmpty: request.headers.has('content-length'),
  }
}

/**
 * The switch of protocols that the upstream is asked for. None with a body: an upstream that does not switch would take it for the next
 * request. None to HTTP/2: its requests would pass the gateway unseen.
 */
function upgradeOf(ctx: Exchange, asked: string): string | undefined {
  const may = ctx.route?.enableWebsocket && ctx.request.body.length === 0 && !/\bh2c?\b/i.test(asked)
  return may ? asked : undefined
}

/** Where the connection goes. TLS destinations do not share connections across server names, client certificates or whether the node was verified. */
export function destinationOf(ctx: Exchange, upstream: UpstreamRuntime, node: Node, host: string): Destination {
  const scheme = ctx.upstreamScheme ?? upstream.scheme
  if (scheme !== 'https' && scheme !== 'grpcs') return node.plain
  const colon = host.lastIndexOf(':')
  const servername = colon > host.lastIndexOf(']') ? host.slice(0, colon) : host
  const { verify, cert, key, ca, id } = upstream.tls
  return {
    address: node.address,
    port: node.port,
    key: `${verify ? 'verified' : 'tls'} ${node.address}:${node.port} ${servername} ${id}`,
    tls: { servername, verify, cert, key, ca },
  }
}

/** pass_host: the client's Host, the node's own, or a fixed one; a plugin's choice beats only the first, as in APISIX. */
function hostFor(ctx: Exchange, upstream: UpstreamRuntime, node: Node): string {
  if (upstream.passHost === 'node') return node.hostHeader
  if (upstream.passHost === 'rewrite' && upstream.upstreamHost !== undefined) return upstream.upstreamHost
  return ctx.upstreamHost ?? (ctx.request.authority || node.hostHeader)
}

/** What the gateway says of a client, spelled so that upstreams which speak CGI or WSGI read it as the gateway's own. */
const DISGUISED =
  /^x[-_](?:real[-_]ip|forwarded[-_](?:for|proto|host|port)|consumer[-_](?:username|custom[-_]id)|credential[-_]identifier)$/i

function isDisguised(name: string): boolean {
  // Few names begin with x, fewer have an underscore.
  return (name.charCodeAt(0) | 32) === 0x78 && name.includes('_') && DISGUISED.test(name)
}

function headerLines(ctx: Exchange): string {
  const { list } = ctx.request.headers
  let lines = ''
  let forwardedFor = ''
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i] as string
    const value = list[i + 1]
    if (isHopByHop(name) || isDisguised(name)) continue
    const lower = name.length >= 9 && name.length <= 17 ? name.toLowerCase() : name
    if (lower === 'x-forwarded-for') {
      forwardedFor += `${value}, `
      continue
    }
    if (
      lower === 'x-real-ip' ||
      // A client's word about itself, which no proxy before us is trusted to have checked.
      lower === 'forwarded' ||
      lower === 'x-forwarded-proto' ||
      lower === 'x-forwarded-host' ||
      lower === 'x-forwarded-port'
    )
      continue
    lines += `${name}: ${value}\r\n`
  }
  return lines + forwardedLines(ctx, forwardedFor)
}
