// What can be said to the built-in interpreter, and of that what comes nearest to a sentence that it did not understand.
const EXAMPLES = [
  'Show all routes',
  'Show route orders',
  'Create a route for /orders/* to http://127.0.0.1:8080',
  'Require an API key on it and allow 100 requests a minute',
  'Make it 50 instead',
  'Double the limit of route orders',
  'Raise the timeout of route orders by 5 seconds',
  'The same for route users',
  'Import http://127.0.0.1:8080/openapi.json',
  'Let the chat use the conference API at http://127.0.0.1:8080',
  'Send 10% of orders to http://127.0.0.1:8081',
  'Send 50% to the new version',
  'Send everything to the new version',
  'Finish the canary of route orders',
  'Point orders to http://127.0.0.1:8082',
  'Cache it for 5 minutes',
  'Enable CORS on route orders',
  'Retry twice and time out after 5 s',
  'Check its health at /health',
  'Block 10.0.0.0/8 and bots on it',
  'Add a consumer alice',
  "Rotate alice's key",
  'Only alice may call route orders',
  'Strip /api from the path',
  'Redirect /old to /new',
  'Mock /status with {"ok":true}',
  'Remove the limit from route orders',
  'Explain GET /orders/1',
  'Why do I get 404 on /orders/1?',
  'Call /orders/1',
  'What is wrong?',
  'Fix it',
  'Show the traffic of the last 5 minutes',
  'Show me the slowest routes',
  'Who changed route orders?',
  'Rename route orders to purchases',
  'Move route orders to /purchases/*',
  'Disable route orders',
  'Delete route orders',
  'History',
  'Undo',
]

export const HELP = `I understand, for example:\n${EXAMPLES.map((one) => `  ${one}`).join('\n')}\nWith a model (setting model.provider) you can say it your own way.`

export const GREETED =
  'I am here: say what the gateway should do. "Help" shows examples, "Show all routes" what there is.'

const MAX_NEAREST = 4
/** Words that two sentences share by chance. */
const COMMON = /^(?:the|an|it|to|of|on|at|for|and|is|in|me|my|do|with|what|who|why|all|route|routes|orders|how|can)$/

/** The examples that share words with a sentence, the nearest first; the first ones when none does. */
export function nearestExamples(sentence: string): string {
  const said = new Set(stems(sentence))
  const found = EXAMPLES.map((one) => ({ one, shared: stems(one).filter((word) => said.has(word)).length }))
    .filter(({ shared }) => shared > 0)
    .sort((a, b) => b.shared - a.shared)
    .slice(0, MAX_NEAREST)
  const shown = found.length ? found.map(({ one }) => one) : EXAMPLES.slice(0, MAX_NEAREST)
  return `I understand, for example:\n${shown.map((one) => `  ${one}`).join('\n')}\n"Help" shows more.`
}

function stems(text: string): string[] {
  const words = text.toLowerCase().match(/[a-z]{2,}/g) ?? []
  return words.filter((one) => !COMMON.test(one)).map((one) => one.replace(/(?:ing|ed|es|e|s)$/, ''))
}
