/** The text with each character that `pattern` finds percent-encoded as UTF-8. `pattern`: with the flags g and u. Half of a surrogate pair becomes U+FFFD. */
export function percentEncode(text: string, pattern: RegExp): string {
  return text.replace(pattern, (one) => encodeURIComponent(one.toWellFormed()))
}
