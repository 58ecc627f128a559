/** The text with each character that `pattern` finds percent-encoded as UTF-8. `pattern`: with the flags g and u. Half of a surrogate pair becomes U+FFFD. */
export function percentEncode(text: string, pattern: RegExp): string {
  return text.replace(pattern, (one) => encodeURIComponent(one.toWellFormed()))
}

/** UTF-8 where the bytes are UTF-8, else one character for each byte; a percent sign that encodes nothing stays. */
export function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  }
}
