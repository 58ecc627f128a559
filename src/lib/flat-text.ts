// V8 keeps a text that was put together as its pieces, and a piece cut out of a text as a reference to all of it.

/** The same characters as one text of its own, for what is kept and often written. Latin1. */
export function flatText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
