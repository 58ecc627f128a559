// APISIX's JSON parser takes line ends and other control characters in strings as they are, which JSON does not allow. Its documentation counts
// on it: `curl -d '{"cert": "'"$(cat FILE)"'"}'`, templates and policies of several lines. NUL ends a text there, and stays illegal here.

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** The text with the control characters of its strings escaped, so that JSON.parse takes them; what else is wrong with it stays so. */
export function escapeControls(text: string): string {
  let result = ''
  let from = 0
  let inString = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) inString = !inString
    else if (!inString) continue
    else if (code === BACKSLASH) at++
    else if (code < 0x20 && code !== 0) {
      result += `${text.slice(from, at)}\\u${code.toString(16).padStart(4, '0')}`
      from = at + 1
    }
  }
  return from === 0 ? text : result + text.slice(from)
}
