// The authority of a request: the Host field of HTTP/1.1, `:authority` of HTTP/2. The last one is remembered, since a client's requests name the
// same host again and again.

// No empty label: nginx refuses `a..b` and `.` too.
const LEGAL = /^(?:(?:\[[0-9a-fA-F:.]+\]|(?!\.(?::|$))(?!.*\.\.)[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::\d{0,5})?)?$/

interface Authority {
  text: string
  legal: boolean
  host: string
  port: string | undefined
}

let last = parse('')

/** Whether it is a host, with a port or without, or empty. */
export function isAuthority(authority: string): boolean {
  return known(authority).legal
}

/**
 * Lower-case host without port; an IPv6 address keeps its brackets. Without the dot that a name may end with: it is the same name for DNS and for
 * nginx, and would be a way around routes and certificates that name the host.
 */
export function hostOf(authority: string): string {
  return known(authority).host
}

/** The port as it is written; undefined when there is none. */
export function portOf(authority: string): string | undefined {
  return known(authority).port
}

function known(text: string): Authority {
  if (text !== last.text) last = parse(text)
  return last
}

function parse(text: string): Authority {
  const colon = text.lastIndexOf(':')
  const hasPort = colon > text.lastIndexOf(']')
  const port = hasPort && colon < text.length - 1 ? text.slice(colon + 1) : undefined
  const host = (hasPort ? text.slice(0, colon) : text).toLowerCase()
  return { text, legal: LEGAL.test(text), host: host.endsWith('.') ? host.slice(0, -1) : host, port }
}
