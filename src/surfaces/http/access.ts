// Who may talk to the surface. Requests must name this server by a name it has (a page on another site that resolves to this address does
// not), and pages of other sites may read nothing but the ChatGPT plugin's documents and operations.
import type { Context, MiddlewareHandler } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Owner } from '../owner.ts'

/** Pages that the tutorial's plugin is called from while it is developed on this machine. */
export const CHATGPT_ORIGINS = ['https://chat.openai.com', 'https://chatgpt.com']

/** Names below `localhost` lead browsers to this machine without asking a name server (RFC 6761), so that none can be rebound. */
const LOOPBACK = /^(?:(?:[a-z0-9-]+\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

/** Refuses requests for other hosts (DNS rebinding) and from other sites' pages. `publicUrl`: an address that the owner has set. */
export function guard(publicUrl: string | undefined): MiddlewareHandler {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host
  return async (c, next) => {
    const host = c.req.header('host') ?? ''
    if (!isLoopbackHost(host) && host !== publicHost) return c.json({ error_msg: `this server is not ${host}` }, 403)
    const origin = c.req.header('origin')
    if (
      origin !== undefined &&
      !isOwnOrigin(origin, host) &&
      !(CHATGPT_ORIGINS.includes(origin) && isPluginPath(c.req.path))
    ) {
      return c.json({ error_msg: `pages of ${origin} may not use this server` }, 403)
    }
    await next()
  }
}

/** True for a Host header that names this machine. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK.test(host)
}

/** The port counts: a page of another program on this machine is another site for us, though not for a browser's cookies. */
function isOwnOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase()
}

function isPluginPath(path: string): boolean {
  return (
    path === '/.well-known/ai-plugin.json' ||
    path === '/openapi.yaml' ||
    path === '/logo.png' ||
    path.startsWith('/apisix/admin/routes')
  )
}

/** True when the request comes from the owner: the browser's session, or the key from the data directory. */
export function isOwner(c: Context, owner: Owner): boolean {
  return (
    owner.hasSession(getCookie(c, owner.cookie)) ||
    owner.hasKey(/^Bearer (.+)$/.exec(c.req.header('authorization') ?? '')?.[1])
  )
}
