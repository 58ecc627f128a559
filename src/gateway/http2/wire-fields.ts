// Header fields between our lists and node:http2, which wants lower-case names and none that belong to a connection (RFC 9113 8.2.2).
import type { HeaderList } from '../headers.ts'

/** node:http2 throws at a status above this. */
export const MAX_STATUS = 599

/** Fields of a response, as `respond` takes them. Content-Length is the caller's. */
export function toFields(status: number, headers: HeaderList): string[] {
  const { list } = headers
  const fields = [':status', String(status)]
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase()
    if (!isForbidden(name)) fields.push(name, list[i + 1] as string)
  }
  return fields
}

/** Trailers or fields of a 1xx response, as an object; repeated fields become an array. */
export function toObject(headers: HeaderList): Record<string, string | string[]> {
  const object = headers.toObject()
  for (const name of Object.keys(object)) if (isForbidden(name)) delete object[name]
  return object
}

/** Of a lower-case name: it belongs to a connection, or the framing has its own. */
export function isForbidden(name: string): boolean {
  switch (name) {
    case 'connection':
    case 'content-length':
    case 'http2-settings':
    case 'keep-alive':
    case 'proxy-connection':
    case 'te':
    case 'transfer-encoding':
    case 'upgrade':
      return true
    default:
      return false
  }
}
