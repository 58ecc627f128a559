// An API's answer as a tool's result: what a model can use of it, as compact JSON.
import { STATUS_CODES } from 'node:http'

export interface ApiAnswer {
  status: number
  headers: { get(name: string): string | undefined }
  body: Buffer
}

/** Fields that tell a model something; the others cost it, and some are secrets. */
const TOLD = ['content-type', 'location', 'link', 'retry-after', 'www-authenticate']

/** A status from 400 on is a failure. */
export function toToolResult({ status, headers, body }: ApiAnswer): { text: string; failed: boolean } {
  const told = TOLD.flatMap((name) => (headers.get(name) === undefined ? [] : [[name, headers.get(name)]]))
  const content = readable(body, headers.get('content-type') ?? '')
  const result = { status, statusText: STATUS_CODES[status] ?? '', headers: Object.fromEntries(told), body: content }
  return { text: JSON.stringify(result), failed: status >= 400 }
}

function readable(body: Buffer, type: string): unknown {
  if (body.length === 0) return null
  const text = body.toString()
  if (/\bjson\b/.test(type)) {
    try {
      return JSON.parse(text)
    } catch {
      return text // the API says JSON and sends something else: the model sees what it is
    }
  }
  return text.includes('\ufffd') ? `${body.length} bytes that are no text` : text
}
