// What can be said instead of sentences that are not done as they are, and why.

const HINTS: readonly [RegExp, string][] = [
  [
    /^how (?:do|can|to|would|should|could|does)\b/,
    'Say it as a wish: it is planned, and shown before anything is done.',
  ],
  [
    /\b(?:end|stop|close)\b.*\b(?:canary|split|rollout)\b/,
    '"Finish the canary of route orders" sends everything to the new version, "abort the canary of route orders" everything back to the old one: say which.',
  ],
  [
    /\b(?:revoke|withdraw|invalidate|expire)\b.*\b(?:keys?|access|tokens?)\b/,
    'A key ends when another one takes its place ("New key for alice"), or with its consumer ("Delete consumer alice").',
  ],
  [
    /\b(?:also|too|as well|additionally|in addition)\b.*\bat \/|\b(?:serve|answer|available|reachable)\b.*\b(?:also|too|as well|additionally)\b/,
    'A second path is a second route to the same API: "Copy route orders to /v2/orders".',
  ],
  [
    /\b(?:add|upload|install|create|set up|renew|replace)\b.*\b(?:certificates?|certs?)\b/,
    'A certificate comes with its private key, which is nothing to say in a chat: add it in the console, or over the Admin API as an ssl.',
  ],
  [
    /\b(?:remove|disable|stop|turn|switch|drop|delete|no)\b.*\bhealth ?checks?\b/,
    'Health checks stand in the upstream, as `checks`: take them away there, in the console.',
  ],
  [
    /\bcompare\b|\b(?:difference|differs?)\b.*\b(?:between|from)\b/,
    'Targets are compared in the console, under Targets; "Promote route orders to staging" carries one over.',
  ],
]

/** Undefined for a sentence of which nothing is known. `lower`: in lower case. */
export function hintFor(lower: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(lower))?.[1]
}
