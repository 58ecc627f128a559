// Sentences about who may call.
import { type Clause, namesIn, pathsIn, type Recogniser } from './clause.ts'
import { isKnown } from './vocabulary.ts'

const NOT = /\b(?:remove|without|drop|no longer|no more|stop|disable|lift|delete|take|not|don't|doesn't)\b/

const key: Recogniser = ({ text, lower }) => {
  if (
    /\b(?:nobody|no one|no-one|noone|not|never|n't)\b.*\bwithout (?:an? |the )?(?:valid )?(?:api[ -]?)?key\b/.test(
      lower,
    )
  )
    return { intent: { do: 'require_key' }, negated: true, heard: ['nobody', 'noone', 'valid'] }
  if (NOT.test(lower) || /\b(?:jwts?|basic|passwords?)\b/.test(lower)) return undefined
  if (
    /\b(?:new|another|fresh|rotate|renew)\b.*\bkey\b|\bkey\b.*\b(?:for|of|to) (?:the )?consumer\b|\bgive\b.*\bkey\b/.test(
      lower,
    )
  )
    return undefined
  const names = /\b(?:api[ -]?keys?|key[ -]auth\w*|keys?)\b/.test(lower)
  const asks =
    names &&
    /\b(?:require[sd]?|asks?|needs?|demands?|protect|secure|with|add|enable|want|must|only|use|check|lock|by|behind|accept|put|turn on|switch on|activate|has to|have to|should)\b/.test(
      lower,
    )
  const protects =
    /\b(?:protect|secure|(?:requires?|needs?|add|enable|put|turn on|with) (?:some )?auth(?:entication)?|authenticate|lock (?:it )?down|lock|ask who is calling)\b/.test(
      lower,
    )
  if (!asks && !protects) return undefined
  const header = /\b(?:in|from|by|through|with|using)\s+(?:the\s+|a\s+)?(?:header\s+([\w-]+)|([\w-]+)\s+header)/i.exec(
    text,
  )
  const name = header?.[1] ?? header?.[2]
  return { do: 'require_key', ...(name && !/^(?:the|a|api|key)$/i.test(name) ? { header: name } : {}) }
}

const jwt: Recogniser = ({ lower }) =>
  /\b(?:jwts?|bearer tokens?|json web tokens?|(?<!-)tokens?)\b/.test(lower) &&
  /\b(?:require[sd]?|asks?|needs?|demands?|protect|secure|with|add|enable|only|use|check|verify|validate|by|behind|must|accept|put|turn on|switch (?:on|to)|should)\b/.test(
    lower,
  ) &&
  !NOT.test(lower)
    ? { do: 'require_jwt' }
    : undefined

const password: Recogniser = ({ lower }) =>
  /\b(?:basic[ -]auth\w*|passwords?|user ?names?|login|log in)\b/.test(lower) &&
  /\b(?:require[sd]?|asks?|needs?|demands?|protect|secure|with|add|enable|only|use|by|behind|must|put|turn on|switch (?:on|to)|should)\b/.test(
    lower,
  ) &&
  !NOT.test(lower)
    ? { intent: { do: 'require_password' }, heard: ['log', 'in'] }
    : undefined

const newKey: Recogniser = ({ text, lower }) => {
  const changes =
    /^(?:change|reset|roll|cycle|reissue|recreate|swap)\b.*(?:'s (?:api )?key|\bkey of (?:the )?(?:consumer |user |client )?[\w-]+)$/
  if (
    !/\bkey\b/.test(lower) ||
    !(/\b(?:new|another|fresh|rotate|renew|regenerate|replace)\b/.test(lower) || changes.test(lower))
  )
    return undefined
  const name =
    /\b(?:for|of|give|to)\s+(?:the\s+)?(?:consumer\s+|user\s+|client\s+)?["'`]?([\w-]+)["'`]?(?:'s)?/i.exec(
      text.replace(/\b(?:a|the) (?:new|fresh) (?:api )?key\b/gi, 'key'),
    )?.[1] ?? /([\w-]+)'s\b/.exec(text)?.[1]
  return name && !/^(?:it|key|a|the)$/i.test(name) ? { do: 'new_key', consumer: name } : undefined
}

const consumer: Recogniser = ({ text, lower }) => {
  const made =
    /\b(?:add|create|make|register|set up|new)\b.*?\b(?:consumer|client|user|caller|customer)\s+(?:called\s+|named\s+)?["'`]?([\w-]+)/i.exec(
      text,
    )?.[1] ??
    /\b(?:give|issue|create|make|hand)\b.*?\bkey\s+(?:for|to)\s+(?:the\s+)?(?:consumer\s+|user\s+|client\s+)?["'`]?([\w-]+)/i.exec(
      text,
    )?.[1] ??
    /\bgive\s+([\w-]+)\s+(?:an?\s+)?(?:api[ -])?(?:key|access)(?! to)\b/i.exec(text)?.[1] ??
    /\blet\s+([\w-]+)\s+in\b.*\bkey\b/i.exec(text)?.[1]
  return made &&
    !/\b(?:only|restrict|block|group)\b/.test(lower) &&
    !/^(?:it|the|a|with|them|him|her|they|me|us|this|that|each|every|everyone|everybody|all|new)$/i.test(made)
    ? { do: 'add_consumer', consumer: made }
    : undefined
}

const IP = /\b(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?\b|\b[0-9a-f]*:[0-9a-f:]+(?:\/\d{1,3})?\b/gi

const REFUSES =
  /\b(?:block|deny|ban|refuse|reject|blacklist|keep out|shut out|lock out|kick out|throw out|keep \S+ out|stop|forbid|disallow)\b/

/** Addresses of the machine itself and of private networks, by the names that people have for them. */
const PLACES: [RegExp, string[]][] = [
  [/\b(?:localhost|this machine|my (?:own )?machine|my laptop)\b/, ['127.0.0.1']],
  [
    /\b(?:private|internal|local|company) (?:networks?|addresses|ips?|ranges?)\b/,
    ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'],
  ],
]

/** `give carol access to orders`, `let bob use orders again`. */
const welcome: Recogniser = ({ text, lower }) => {
  if (/\b(?:only|key|nobody|anybody|everybody|everyone|anyone)\b/.test(lower)) return undefined
  const name =
    /\bgive\s+(?:(?:the\s+)?(?:consumer|user|client)\s+)?["'`]?([\w-]+)["'`]?\s+access\s+to\b/i.exec(text)?.[1] ??
    /^(?:the\s+)?(?:(?:consumer|user|client)\s+)?["'`]?([\w-]+)["'`]?\s+(?:needs|wants|gets|should (?:have|get)|must have)\s+access\s+to\b/i.exec(
      text,
    )?.[1] ??
    /\b(?:let|allow|permit|unblock)\s+(?:(?:the\s+)?(?:consumer|user|client)\s+)?["'`]?([\w-]+)["'`]?\s+(?:to\s+)?(?:call|use|access|reach|on|for)\b/i.exec(
      text,
    )?.[1]
  return name && !isKnown(name.toLowerCase()) && !/\d+\s*(?:requests|calls)/.test(lower)
    ? { intent: { do: 'allow_consumer', consumer: name }, heard: ['unblock', 'permission'] }
    : undefined
}

/** Beside the addresses that may call already. */
const ALSO = /\b(?:also|too|as well|additionally|in addition|another|besides?)\b|^(?:add|append|include|put)\b/

const addresses: Recogniser = ({ text, lower }) => {
  if (/\w:\/\//.test(lower) || /\b(?:\d{1,3}\.){3}\d{1,3}:\d/.test(lower)) return undefined
  const written = text.match(IP)?.filter((one) => one.length > 3)
  const place = written?.length ? undefined : PLACES.find(([pattern]) => pattern.test(lower))
  const ips = written?.length ? written : place?.[1]
  if (!ips?.length) return undefined
  if (/\bunblock\b|\b(?:no longer|stop) (?:block|blocking|ban|banning|deny)\b|\b(?:allow|let)\b.*\bagain\b/.test(lower))
    return { intent: { do: 'unblock', ips }, heard: ['unblock', 'blocking', 'banning'] }
  const heard = [
    ...(place?.[0].exec(lower)?.[0].split(' ') ?? []),
    'office',
    'addition',
    'throw',
    'vpn',
    'network',
    'subnet',
    'range',
    'cidr',
  ]
  if (REFUSES.test(lower)) return { intent: { do: 'block', ips }, heard }
  return /\b(?:only|allow|allowed|allow-?list|whitelist|permit|restrict|limit|accept|let)\b/.test(lower)
    ? { intent: { do: 'only_ips', ips, ...(ALSO.test(lower) ? { also: true } : {}) }, heard }
    : undefined
}

const MAY = '(?:may|can|should|to|is allowed to|are allowed to|must be able to|gets to)'
const CALL = '(?:call|use|access|reach|see)'
const ALL_NAMES = /^[\w-]+$/

const consumers: Recogniser = ({ text, lower }) => {
  const only =
    /^(?:let\s+only|only\s+let)\s+([\w-]+(?:(?:,| and|, and) [\w-]+)*)\s+(?:use|call|access|reach)\b/i.exec(
      text,
    )?.[1] ??
    new RegExp(
      `\\bonly\\s+(?:let\\s+|allow\\s+|permit\\s+)?(?:the\\s+)?(?:consumers?\\s+)?(.+?)\\s+${MAY}\\s+${CALL}\\b`,
      'i',
    ).exec(text)?.[1] ??
    /\bonly\s+(?:let|allow)\s+(?:the\s+)?(?:consumers?\s+)?([\w-]+(?:(?:,| and|, and) [\w-]+)*)\s+(?:in|through)\b/i.exec(
      text,
    )?.[1] ??
    /\b(?:restrict|limit)\b.*?\bto\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+)$/i.exec(text)?.[1] ??
    /\b(?:(?:allow|let|permit)\s+only|only\s+(?:allow|let|permit))\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+?)(?:\s+(?:on|in|to|for)\b.*)?$/i.exec(
      text,
    )?.[1]
  const spared =
    /\b(?:everybody|everyone|anybody|anyone|all(?: consumers| users| clients)?|nobody|no one)\s+(?:but|except(?: for)?|other than|besides)\s+(?:the\s+)?(?:consumers?\s+)?([\w-]+(?:(?:,| and|, and) [\w-]+)*?)(?=\s+(?:on|from|for|in|may|can|should|to)\b|$)/i.exec(
      text,
    )?.[1]
  const exempt = new RegExp(
    `\\b(?:nobody|no ?one)\\s+${MAY}\\s+${CALL}\\b.*?\\s(?:but|except(?: for)?|other than|besides)\\s+(?:the\\s+)?(?:consumers?\\s+)?([\\w-]+(?:(?:,| and|, and) [\\w-]+)*)$`,
    'i',
  ).exec(text)?.[1]
  if (exempt && namesIn(exempt).every((one) => ALL_NAMES.test(one) && !isKnown(one.toLowerCase())))
    return {
      intent: { do: 'only_consumers', consumers: namesIn(exempt) },
      heard: ['nobody', 'noone', 'no', 'but', 'except', 'other', 'than', 'besides'],
      negated: true,
    }
  const refused = /\b(?:block|deny|ban|refuse|reject|forbid|lock out|keep out|shut out|nobody|no one)\b/.test(lower)
  if (spared && refused && namesIn(spared).every((one) => ALL_NAMES.test(one) && !isKnown(one.toLowerCase())))
    return {
      intent: { do: 'only_consumers', consumers: namesIn(spared) },
      heard: ['everybody', 'everyone', 'anybody', 'anyone', 'nobody', 'but', 'except', 'other', 'than', 'besides'],
    }
  const allowed = only === undefined ? undefined : namesIn(only)
  if (allowed?.every((one) => ALL_NAMES.test(one)) && !/\d+\s*(?:requests|calls)|\bkey|\btoken|https?:/.test(lower))
    return { do: 'only_consumers', consumers: allowed }
  const kept = new RegExp(
    `^(?:the\\s+)?(?:consumers?\\s+|users?\\s+|clients?\\s+)?([\\w-]+(?:(?:,| and|, and) [\\w-]+)*)\\s+(?:must not|mustn't|may not|can(?:not|'t| not)|should(?:n't| not)|(?:may|must|should) no longer|is not allowed to|isn't allowed to)\\s+(?:be able to\\s+|be allowed to\\s+)?${CALL}\\b`,
    'i',
  ).exec(text)?.[1]
  if (kept && !isKnown(kept.toLowerCase())) return { intent: { do: 'block', consumers: namesIn(kept) }, negated: true }
  const blocked =
    /\b(?:block|deny|ban|refuse|reject|lock out|shut out|keep out)\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+?)(?:\s+(?:on|in|from|for|to)\b.*)?$/i.exec(
      text,
    )?.[1] ??
    unknownName(/\b(?:block|ban|keep|lock|shut|kick|throw)\s+([\w-]+)\s+(?:on|from|out of)\b/i.exec(text)?.[1])
  return blocked && !/agents?\b/.test(lower)
    ? { intent: { do: 'block', consumers: namesIn(blocked) }, heard: ['kick', 'throw'] }
    : undefined
}

/** A word that means nothing else is somebody's name. */
function unknownName(word: string | undefined): string | undefined {
  return word !== undefined && !isKnown(word.toLowerCase()) && !KNOWN_AGENTS.test(word) ? word : undefined
}

const BOTS = ['bot', 'crawler', 'spider']
const KNOWN_AGENTS = /\b(?:curl|wget|python-requests|googlebot|bingbot|gptbot|scrapy|postman|postmanruntime|okhttp)\b/i

const agents: Recogniser = ({ text, lower }) => {
  if (!REFUSES.test(lower) && !/^no (?:more )?(?:bots?|crawlers?|spiders?|scrapers?)\b/.test(lower)) return undefined
  const quoted =
    /\b(?:user[ -]?agents?|agents?|clients? called|browsers?|(?:bots?|crawlers?)(?= (?:like|named|called|such as)\b))\s+(?:(?:like|such as|matching|named|called|containing|with)\s+)?["'`]?([^"'`]+?)["'`]?(?:\s+(?:on|from|for)\b.*)?$/i.exec(
      text,
    )?.[1]
  if (quoted) return { do: 'block', agents: namesIn(quoted) }
  const known = text.match(new RegExp(KNOWN_AGENTS, 'gi'))
  if (known) return { do: 'block', agents: [...known] }
  return /\b(?:bots?|crawlers?|spiders?|scrapers?)\b/.test(lower)
    ? { intent: { do: 'block', agents: BOTS }, ...(/^no\b/.test(lower) ? { negated: true as const } : {}) }
    : undefined
}

const paths: Recogniser = ({ text, lower }) => {
  if (!/\b(?:block|deny|ban|refuse|reject|forbid|hide)\b/.test(lower)) return undefined
  const referer = /\breferr?ers?\s+(?:from\s+)?["'`]?([\w.*-]+)/i.exec(text)?.[1]
  if (referer) return { do: 'block', referers: [referer] }
  if (!/\b(?:paths?|uris?|urls?|everything (?:under|below)|requests? (?:to|for)|access to|calls? to)\b/.test(lower))
    return undefined
  const [first] = pathsIn(text)
  if (first) return { intent: { do: 'block', paths: [first.replace(/\*$/, '')] }, own: [first] }
  const parts = /\b(?:containing|with|that contain|like)\s+(.+?)(?:\s+(?:on|from|for|in)\s+.*)?$/i.exec(text)?.[1]
  return parts ? { do: 'block', paths: namesIn(parts) } : undefined
}

export const accessRecognisers: readonly ((clause: Clause) => ReturnType<Recogniser>)[] = [
  newKey,
  welcome,
  consumer,
  addresses,
  consumers,
  agents,
  paths,
  jwt,
  password,
  key,
]
