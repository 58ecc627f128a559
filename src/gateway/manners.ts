// How the gateway treats all requests alike, by its settings; APISIX has the same ones.
import { CidrSet } from '../lib/cidr.ts'
import { SERVER } from './error-page.ts'
import type { GatewayRequest } from './exchange.ts'

export interface Manners {
  deleteUriTailSlash: boolean
  normalizeUriLikeServlet: boolean
  /** X-APISIX-Upstream-Status on every response of an upstream. */
  showUpstreamStatus: boolean
  /** The version in Server. */
  serverTokens: boolean
  /** Networks whose X-Forwarded-Proto, -Host and -Port are believed. */
  trustedAddresses: string[]
}

export const DEFAULT_MANNERS: Manners = {
  deleteUriTailSlash: false,
  normalizeUriLikeServlet: false,
  showUpstreamStatus: false,
  serverTokens: true,
  trustedAddresses: [],
}

export function serverField({ serverTokens }: Manners): string {
  return serverTokens ? SERVER : (SERVER.split('/')[0] as string)
}

/** The path that routes are matched by; undefined: the request is refused. */
export type PathRule = (path: string) => string | undefined

/** Undefined: paths are matched as they are. */
export function pathRule({ deleteUriTailSlash, normalizeUriLikeServlet }: Manners): PathRule | undefined {
  if (!deleteUriTailSlash && !normalizeUriLikeServlet) return undefined
  return (path) => {
    const bare = deleteUriTailSlash && path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    return normalizeUriLikeServlet ? likeServlet(bare) : bare
  }
}

/** Without the parameters of segments (`/a;v=1/b` is `/a/b`). What would be dots or nothing without them is refused: the upstream resolves it otherwise. */
function likeServlet(path: string): string | undefined {
  if (!path.includes(';')) return path
  const segments = path.split('/')
  for (const [i, segment] of segments.entries()) {
    const mark = segment.indexOf(';')
    if (mark < 0) continue
    const bare = segment.slice(0, mark)
    if (/^(?:\.|%2e){1,2}$/i.test(bare) || (bare === '' && i < segments.length - 1)) return undefined
    segments[i] = bare
  }
  return segments.join('/')
}

/** What a trusted peer says of its own client's request; undefined: it is not trusted, or says nothing. */
export type Told = (
  peer: string,
  request: GatewayRequest,
) => { proto?: string; host?: string; port?: string } | undefined

/** Undefined: nobody is trusted. */
export function toldBy({ trustedAddresses }: Manners): Told | undefined {
  if (trustedAddresses.length === 0) return undefined
  const trusted = CidrSet.from(trustedAddresses)
  return (peer, { headers }) => {
    if (!trusted.has(peer)) return undefined
    const told: ReturnType<Told> = {}
    for (const name of ['proto', 'host', 'port'] as const) {
      const value = headers.get(`x-forwarded-${name}`)
      if (value) told[name] = value
    }
    return told
  }
}
