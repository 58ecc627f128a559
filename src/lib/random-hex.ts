// Random hex digits for ids that are made for each request: cut from a page of them, since asking the system's generator for eight bytes costs
// more than all else that an id needs.
import { randomBytes } from 'node:crypto'

const PAGE_BYTES = 4096

let page = ''
let at = 0

/** `bytes` random bytes as lower-case hex digits; at most 4096 of them. */
export function randomHex(bytes: number): string {
  const digits = bytes * 2
  if (at + digits > page.length) {
    page = randomBytes(PAGE_BYTES).toString('hex')
    at = 0
  }
  at += digits
  return page.slice(at - digits, at)
}
