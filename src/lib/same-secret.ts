import { hash, timingSafeEqual } from 'node:crypto'

/** Whether two secrets are the same, in a time that tells neither where they differ nor how long they are. */
export function sameSecret(one: string | Buffer, other: string | Buffer): boolean {
  return timingSafeEqual(hash('sha256', one, 'buffer'), hash('sha256', other, 'buffer'))
}
