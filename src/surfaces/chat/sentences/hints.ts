// What can be said instead of sentences that are not done as they are, and why.

const HINTS: readonly [RegExp, string][] = [
  [
    /^why\b/,
    'Say which request it was: "Why do I get 403 on /orders/1?" or "Explain GET /orders/1" tells which route takes it, and what runs there.',
  ],
  [
    /\b(?:difference|diff|differs?|compare|changed?)\b.*\b(?:yesterday|today|before|earlier|last (?:week|month|night)|ago)\b/,
    '"History" lists what was changed and when, each change with its diff; "Undo" takes the last one back.',
  ],
  [
    /\b(?:twice|double|half|more|less|\d+ times)\b.*\b(?:traffic|requests|load|share)\b/,
    'How much a node gets is its weight: "Set the weight of 10.0.0.1:8080 to 2 on route orders".',
  ],
  [
    /\b(?:https|tls|grpcs?)\b.*\b(?:backends?|upstreams?|nodes?|servers?)\b|\b(?:backends?|upstreams?)\b.*\b(?:https|tls|grpcs?)\b(?!:)/,
    'The protocol goes with the address of the API: "Point route orders to https://10.0.0.1:8443".',
  ],
  [
    /\bprivate\b/,
    'Say who may call: "Require an API key on route orders", "Only alice may call route orders", "Only allow 10.0.0.0/8 on route orders".',
  ],
  [/\bgroups?\b/, 'Consumers are put into a group in the console: its id stands in the consumer, as group_id.'],
  [
    /\b(?:empty|purge|clear|flush|invalidate|clean|reset|wipe)\b.*\bcach\w+/,
    'What is cached ends with its time. One answer ends at once by a request with the method PURGE to its path, which the route has to take.',
  ],
  [
    /\bsame\b.*\bas\b/,
    'Say what it is that should be the same: "Limit route orders to 100 requests a minute", and then "The same for route users".',
  ],
  [
    /\b(?:forward|send|pass|map|translate|turn)\b.*\s\/\S+ (?:as|to|into) \/\S/,
    'Say the beginning of the path that is replaced: "Rewrite /orders to /v1/orders on route orders".',
  ],
  [
    /^how (?:do|can|to|would|should|could|does)\b/,
    'Say it as a wish: it is planned, and shown before anything is done.',
  ],
  [
    /\b(?:end|stop|close)\b.*\b(?:canary|split|rollout)\b/,
    '"Finish the canary of route orders" sends everything to the new version, "abort the canary of route orders" everything back to the old one: say which.',
  ],
  [
    /\b(?:revoke|withdraw|invalidate|expire|delete|remove|take away)\b.*\b(?:keys?|access|tokens?)\b/,
    'A key ends when another one takes its place ("New key for alice"), or with its consumer ("Delete consumer alice").',
  ],
  [
    /\b(?:also|too|as well|additionally|in addition)\b.*\b(?:at|on|under) \/|\b(?:serve|answer|available|reachable)\b.*\b(?:also|too|as well|additionally)\b/,
    'A second path is a second route to the same API: "Copy route orders to /v2/orders".',
  ],
  [
    /\b(?:add|upload|install|create|set up|renew|replace)\b.*\b(?:certificates?|certs?)\b/,
    'A certificate comes with its private key, which is nothing to say in a chat: add it in the console, or over the Admin API as an ssl.',
  ],
  [
    /\b(?:tls|ssl|mtls|client certificates?|mutual tls|ciphers?)\b/,
    'TLS versions and client certificates of a host stand in its certificate (an ssl): set ssl_protocols or client there, in the console.',
  ],
  [
    /\b(?:remove|disable|stop|turn|switch|drop|delete|no)\b.*\bhealth ?checks?\b/,
    'Health checks stand in the upstream, as `checks`: take them away there, in the console.',
  ],
  [
    /\bkeys? (?!(?:for|of|to|on|from|in|auth\w*|or|and|is|are|please|with|by|instead|per|needed|required)\b)["'`]?[\w-]*\d[\w-]*/,
    'A key that was said in a chat is a secret no more: "Add a consumer alice" makes one and shows it once.',
  ],
  [
    /\b(?:either|both)\b.*\b(?:keys?|jwts?|basic|passwords?|tokens?)\b|\b(?:keys?|jwts?|basic auth|passwords?|tokens?) or\b/,
    'One of several ways to sign in is what the plugin multi-auth asks for: add it in the console, in place of those that the route has.',
  ],
  [
    /\bcors\b/,
    'A page of another origin may call once you name it: "Let https://app.example.com call route orders from the browser"; "Enable CORS on route orders" lets all of them.',
  ],
  [
    /\b(?:export|dump|download|back ?up)\b|\bas (?:ya?ml|json)\b/,
    'The whole configuration is written by the command "gateward export apisix.yaml"; "Show route NAME" shows one of it.',
  ],
  [
    /^(?:connect|log ?in|switch|change|point me)\b.*\b(?:gateway|target|cluster|https?:)|\b(?:add|new|create)\b.*\btarget\b/,
    'Gateways to operate are kept in the console, under Targets; a sentence is about another one when it ends with "on target NAME".',
  ],
  [
    /^(?:copy|duplicate|clone)\b/,
    'Two routes of one path would hide each other: say the path of the copy, as in "Copy route orders to /v2/orders".',
  ],
  [
    /\b(?:secure|safe|safer|harden|protect)\b.*\beverything\b|\beverything\b.*\b(?:secure|safe|safer|protected)\b/,
    '"What is wrong?" lists the risks of what is configured, and "Fix it" plans what can be put right.',
  ],
  [
    /\b(?:slow|faster|fast|performance|speed)\b/,
    '"Show me the slowest routes" tells where the time goes; "Cache route orders for 5 minutes" and "Compress route orders" help.',
  ],
  [
    /[\u0400-\u04ff\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]|(?:^|\s)(?:auf|bitte|und|für|mit|nicht|pro|eine?n?|der|das|die|begrenze|zeige?|lösche|pour|avec|les|une|est|limite[rz]?|montre[rz]?|para|los|las|con|por|una|muestra|elimina|mostra|il|della)(?=\s|$)/,
    'I understand English only; a model (setting model.provider) understands other languages.',
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
