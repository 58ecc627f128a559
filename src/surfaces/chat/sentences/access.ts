// Sentences about who may call.
import { type Clause, namesIn, pathsIn, type Recogniser } from './clause.ts'

const NOT = /\b(?:remove|without|drop|no longer|stop|disable|lift|delete)\b/

const key: Recogniser = ({ text, lower }) => {
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
    /\b(?:require|ask|need|demand|protect|secure|with|add|enable|want|must|only|use|check|lock|by|behind|accept)\b/.test(
      lower,
    )
  const protects =
    /\b(?:protect|secure|require authentication|authenticate|lock (?:it )?down|lock|ask who is calling)\b/.test(lower)
  if (!asks && !protects) return undefined
  const header = /\b(?:in|from|by|through)\s+(?:the\s+|a\s+)?(?:header\s+([\w-]+)|([\w-]+)\s+header)/i.exec(text)
  const name = header?.[1] ?? header?.[2]
  return { do: 'require_key', ...(name && !/^(?:the|a|api|key)$/i.test(name) ? { header: name } : {}) }
}

const jwt: Recogniser = ({ lower }) =>
  /\b(?:jwts?|bearer tokens?|json web tokens?|tokens?)\b/.test(lower) &&
  /\b(?:require|ask|need|demand|protect|secure|with|add|enable|only|use|check|verify|validate|by|must|accept)\b/.test(
    lower,
  ) &&
  !NOT.test(lower)
    ? { do: 'require_jwt' }
    : undefined

const password: Recogniser = ({ lower }) =>
  /\b(?:basic[ -]auth\w*|passwords?|user ?names?|login)\b/.test(lower) &&
  /\b(?:require|ask|need|demand|protect|secure|with|add|enable|only|use|by|must)\b/.test(lower) &&
  !NOT.test(lower)
    ? { do: 'require_password' }
    : undefined

const newKey: Recogniser = ({ text, lower }) => {
  if (!/\bkey\b/.test(lower) || !/\b(?:new|another|fresh|rotate|renew|regenerate|replace)\b/.test(lower))
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
    /\bgive\s+([\w-]+)\s+(?:an?\s+)?(?:api[ -])?key\b/i.exec(text)?.[1]
  return made && !/\b(?:only|restrict|block|group)\b/.test(lower) && !/^(?:it|the|a|with)$/i.test(made)
    ? { do: 'add_consumer', consumer: made }
    : undefined
}

const IP = /\b(?:\d{1,3}\.){3}\d{1,3}(?:\/\d{1,2})?\b|\b[0-9a-f]*:[0-9a-f:]+(?:\/\d{1,3})?\b/gi

const addresses: Recogniser = ({ text, lower }) => {
  if (/https?:\/\//.test(lower) || /\b(?:\d{1,3}\.){3}\d{1,3}:\d/.test(lower)) return undefined
  const ips = text.match(IP)?.filter((one) => one.length > 3)
  if (!ips?.length) return undefined
  if (/\b(?:block|deny|ban|refuse|reject|blacklist|keep out|shut out|stop)\b/.test(lower)) return { do: 'block', ips }
  if (/\b(?:only|allow|whitelist|permit|restrict|limit|accept|let)\b/.test(lower)) return { do: 'only_ips', ips }
  return undefined
}

const consumers: Recogniser = ({ text, lower }) => {
  const only =
    /\bonly\s+(?:let\s+|allow\s+|permit\s+)?(?:the\s+)?(?:consumers?\s+)?(.+?)\s+(?:may|can|should|to)\s+(?:call|use|access|reach)\b/i.exec(
      text,
    )?.[1] ??
    /\b(?:restrict|limit)\b.*?\bto\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+)$/i.exec(text)?.[1] ??
    /\b(?:allow|let|permit)\s+only\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+?)(?:\s+(?:on|in|to|for)\b.*)?$/i.exec(
      text,
    )?.[1] ??
    /\bonly\s+(?:allow|let|permit)\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+?)(?:\s+(?:on|in|to|for)\b.*)?$/i.exec(
      text,
    )?.[1]
  if (only && !/\d+\s*(?:requests|calls)|\bkey|\btoken|https?:/.test(lower))
    return { do: 'only_consumers', consumers: namesIn(only) }
  const blocked =
    /\b(?:block|deny|ban|refuse|reject|lock out|shut out)\s+(?:the\s+)?(?:consumers?|users?|clients?)\s+(.+?)(?:\s+(?:on|in|from|for|to)\b.*)?$/i.exec(
      text,
    )?.[1]
  return blocked && !/agents?\b/.test(lower) ? { do: 'block', consumers: namesIn(blocked) } : undefined
}

const BOTS = ['bot', 'crawler', 'spider']

const agents: Recogniser = ({ text, lower }) => {
  if (!/\b(?:block|deny|ban|refuse|reject|keep out|shut out|stop)\b/.test(lower)) return undefined
  const quoted =
    /\b(?:user[ -]?agents?|agents?|clients? called|browsers?)\s+(?:like\s+|matching\s+|named\s+)?["'`]?([^"'`]+?)["'`]?(?:\s+(?:on|from|for)\b.*)?$/i.exec(
      text,
    )?.[1]
  if (quoted) return { do: 'block', agents: namesIn(quoted) }
  const known = /\b(curl|wget|python-requests|googlebot|bingbot|gptbot|scrapy)\b/i.exec(text)?.[1]
  if (known) return { do: 'block', agents: [known] }
  return /\b(?:bots?|crawlers?|spiders?|scrapers?)\b/.test(lower) ? { do: 'block', agents: BOTS } : undefined
}

const paths: Recogniser = ({ text, lower }) => {
  if (!/\b(?:block|deny|ban|refuse|reject|forbid|hide)\b/.test(lower)) return undefined
  const referer = /\breferr?ers?\s+(?:from\s+)?["'`]?([\w.*-]+)/i.exec(text)?.[1]
  if (referer) return { do: 'block', referers: [referer] }
  if (!/\b(?:paths?|uris?|urls?|everything (?:under|below)|requests? (?:to|for)|access to|calls? to)\b/.test(lower))
    return undefined
  const [first] = pathsIn(text)
  const word = /\b(?:containing|with|that contain)\s+["'`]?([^\s"'`]+)/i.exec(text)?.[1]
  const rule = first ?? word
  return rule ? { intent: { do: 'block', paths: [rule.replace(/\*$/, '')] }, own: first ? [first] : [] } : undefined
}

export const accessRecognisers: readonly ((clause: Clause) => ReturnType<Recogniser>)[] = [
  newKey,
  consumer,
  consumers,
  addresses,
  agents,
  paths,
  jwt,
  password,
  key,
]
