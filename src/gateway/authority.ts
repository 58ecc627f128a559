// The authority of a request: the Host field of HTTP/1.1, `:authority` of HTTP/2.

/** Lower-case host without port; an IPv6 address keeps its brackets. */
export function hostOf(authority: string): string {
  const colon = authority.lastIndexOf(':')
  const host = colon > authority.lastIndexOf(']') ? authority.slice(0, colon) : authority
  return host.toLowerCase()
}
