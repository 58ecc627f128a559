// The authority of a request: the Host field of HTTP/1.1, `:authority` of HTTP/2. Clients name the same few hosts again and again, so that those are
// remembered, the last one before all others.
import { flatText } from '../lib/flat-text.ts'

// No empty label: nginx refuses `a..b` and `.` too.
const LEGAL = /^(?:(?:\[[0-9a-fA-F:.]+\]|(?!\.(?::|$))(?!.*\.\.)[A-Za-z0-9._~!$&'()*+,;=%-]+)(?::\d{0,5})?)?$/

interface Authority {
  text: string
  legal: boolean
  host: string
  port: string | undefined
}

/** Authorities that are remembered, and the longest of them. */
const MAX_KNOWN = 1024
const MAX_KNOWN_LENGTH = 64

const known = new Map<string, Authority>()
let last = parse('')

/**
 * The authority when it is a host, with a port or without, or empty; undefined when it is none. The text is the one of its first request, so that
 * comparing it with that of another request compares no characters.
 */
export function toAuthority(text: string): string | undefined {
  const { legal, text: same } = look(text)
  return legal ? same : undefined
}

/**
 * Lower-case host without port; an IPv6 address keeps its brackets. Without the dot that a name may end with: it is the same name for DNS and for
 * nginx, and would be a way around routes and certificates that name the host.
 */
export function hostOf(authority: string): string {
  return look(authority).host
}

/** The port as it is written; undefined when there is none. */
export function portOf(authority: string): string | undefined {
  return look(authority).port
}

function look(text: string): Authority {
  if (text === last.text) return last
  last = known.get(text) ?? remember(text)
  return last
}

function remember(text: string): Authority {
  const seen = parse(text)
  if (!seen.legal || text.length > MAX_KNOWN_LENGTH) return seen
  const authority = parse(flatText(text))
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(authority.text, authority)
  return authority
}

function parse(text: string): Authority {
  const colon = text.lastIndexOf(':')
  const hasPort = colon > text.lastIndexOf(']')
  const port = hasPort && colon < text.length - 1 ? text.slice(colon + 1) : undefined
  const host = (hasPort ? text.slice(0, colon) : text).toLowerCase()
  return { text, legal: LEGAL.test(text), host: host.endsWith('.') ? host.slice(0, -1) : host, port }
}
