/** A member's name as a part of a JSON Pointer (RFC 6901). */
export function toPointerPart(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

export function fromPointerPart(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
