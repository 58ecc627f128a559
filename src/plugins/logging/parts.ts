// Cuts a batch into parts that one message has room for.

interface Room {
  bytes: number
  /** Texts in one part; undefined: as many as have room. */
  texts?: number
  /** Bytes that a part has beside its texts, and beside each of them. */
  around?: number
  besideEach?: number
}

/** A JSON list: its brackets and its commas. */
export const AS_LIST = { around: 2, besideEach: 1 } as const

/** A text that alone is too large has a part of its own. */
export function inParts(batch: string[], room: Room): string[][] {
  const { bytes: maxBytes, texts: maxTexts = Number.POSITIVE_INFINITY, around = 0, besideEach = 0 } = room
  const parts: string[][] = []
  let part: string[] = []
  let bytes = around
  for (const text of batch) {
    const more = Buffer.byteLength(text) + besideEach
    if (part.length > 0 && (part.length >= maxTexts || bytes + more > maxBytes)) {
      parts.push(part)
      part = []
      bytes = around
    }
    part.push(text)
    bytes += more
  }
  return part.length > 0 ? [...parts, part] : parts
}
