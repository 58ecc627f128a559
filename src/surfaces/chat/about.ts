// A question about one thing that is there, which no topic has understood: the thing itself is shown, and what a status that is asked about means.
import type { Step } from './interpreter.ts'
import { mentioned, type Named } from './names.ts'
import type { ToolResult } from './said-before.ts'
import { isQuestion } from './sentences/index.ts'
import { describeResult } from './wording.ts'

/** What a gateway's own answers mean. */
const STATUSES: Readonly<Record<string, string>> = {
  '401': 'A 401 says that a route asks who is calling, and that what was sent is missing or wrong.',
  '403': 'A 403 comes from a restriction (addresses, consumers, user agents), or from the API itself.',
  '404':
    'A 404 of the gateway says that no route takes the request (method, host, path): "Explain GET /..." tells which one would.',
  '413': 'A 413 says that the body is bigger than a route takes.',
  '429': 'A 429 says that a limit is used up: of the route, or of the consumer.',
  '499': 'A 499 says that the caller has hung up before the answer came.',
  '502': 'A 502 says that no node could be reached, or that one broke off: look whether they run at these addresses.',
  '503': 'A 503 says that no node is healthy, that a circuit breaker is open, or that the route answers so by itself.',
  '504': 'A 504 says that a node took longer than the timeout.',
}

/** Undefined when it is no question, or not about just one thing. */
export function aboutStep(sentence: string, names: readonly Named[], results: readonly ToolResult[]): Step | undefined {
  if (!isQuestion(sentence) || /^should\b/i.test(sentence)) return undefined
  const [one, ...more] = mentioned(sentence, names)
  if (!one || more.length) return undefined
  const [shown] = results
  if (!shown) return { tool: 'look', input: { kind: one.kind, id: one.id } }
  if (shown.value.error !== undefined) return { say: String(shown.value.error) }
  const status = /\b[45]\d\d\b/.exec(sentence)?.[0] ?? ''
  const meaning = STATUSES[status]
  return { say: `${describeResult('look', shown.value, sentence)}${meaning ? ` ${meaning}` : ''}` }
}
