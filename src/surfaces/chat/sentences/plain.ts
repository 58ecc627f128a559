// One way of writing for what is written in many: `->` and `=>` are `to`, `rps` is `requests per second`, `orders: 5 rps` is about route orders,
// `127.0.0.1 port 80` is an address. What the topics then read is plain.
import { NUMBER_WORD } from './numbers.ts'

const DOMAIN = '(?:[a-z0-9-]+\\.)+[a-z]{2,}'

/** In order. Paths, addresses and what stands in quotes stay as they are, but for the scheme of an address without one. */
const WAYS: readonly [RegExp, string][] = [
  [/[\u2018\u2019]/g, "'"],
  [/[\u201c\u201d]/g, '"'],
  [/\s+/g, ' '],
  [/ ?(?:-+>|=+>|→|⇒|»)(?= ?[\w/"'])/g, ' to'],
  [/\bto(?=[/])/g, 'to '],
  [/\b(path|uri|url|target|upstream|backend|name|host|methods?|limit|route)=(?=[\w/"'])/gi, '$1 '],
  [/(?<= )w\/ ?(?=[a-z])/gi, 'with '],
  [/^gimme\b/i, 'give me'],
  [/\bteh\b/gi, 'the'],
  [/^ad (?=\S)/i, 'add '],
  [/\b(what|how|where|who|that|it|there)s\b(?= (?:the|my|our|an?|is|on|in|behind|going|wrong|up)\b)/gi, "$1's"],
  [/\badn\b/gi, 'and'],
  [/^(?:kick|throw|boot|pull|yank) ((?:\d{1,3}\.){3}\d\S*|\S+:\d+) (?:out of|from|off)\b/i, 'remove $1 from'],
  [/^(?:ditch|axe|zap|wipe(?: out)?|purge|nuke)\b(?! (?:the )?(?:cache|cached))/i, 'delete'],
  [/\b(?:hook|wire) up\b/gi, 'publish'],
  [/^(?:spin|fire|stand) up (?=an? )/i, 'create '],
  [/\b(?:crank|ramp|dial|bump) up\b/gi, 'raise'],
  [/\b(?:dial|scale|cut) down\b(?! to)/gi, 'lower'],
  [/\bstick (?:users|clients|people|callers|visitors|them)\b/gi, 'sticky sessions for users'],
  [/(?<![/\w])((?:[\w-]+\.)*[\w-]+:\d{2,5}) (?:over|via|with|using|by) (https?)\b(?!:)/gi, '$2://$1'],
  [/\b(do|does|did|ca|wo|is|are|should|must|would|could)nt\b/gi, "$1n't"],
  [/\bwanna\b/gi, 'want to'],
  [/\b(max|min|approx|req|reqs|incl)\.(?= )/gi, '$1'],
  [/ @ ?(?=\d)/g, ' at '],
  [/ ?\/ ?(?=(?:s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?)\b)/gi, '/'],
  [/\b(\d+|[a-z]+) ?(?:rp|r\/|reqs?\/|req\/)(s|m|h|d)\b/gi, '$1 requests per $2'],
  [/\brequests per m\b/gi, 'requests per minute'],
  [/\b((?:\d{1,3}\.){3}\d{1,3}|localhost),? (?:on )?port (\d{2,5})\b/gi, '$1:$2'],
  [
    new RegExp(
      `\\b(?:on |at |to )?port (\\d{2,5}) (?:on|of) (localhost|(?:\\d{1,3}\\.){3}\\d{1,3}|${DOMAIN})(?=\\s|$)`,
      'gi',
    ),
    'at $2:$1',
  ],
  [
    /,? but only (?:for |on )?((?:GET|POST|PUT|PATCH|DELETE|HEAD)(?:(?:,| and| or|, and) (?:GET|POST|PUT|PATCH|DELETE|HEAD))*)(?: requests?| calls?)?$/,
    ' for $1 requests',
  ],
  [/\b(on|at|to|from) (?:my )?(?:local |localhost |laptop |machine )?port (\d{2,5})\b(?! on)/gi, '$1 127.0.0.1:$2'],
  [/\bport (\d{2,5}) (?:on|of) (localhost|(?:\d{1,3}\.){3}\d{1,3})\b/gi, '$2:$1'],
  [/\b(\d+)\s?(?:mb|mib|megs?|megabytes?)\b/gi, '$1 MB'],
  [/\b(\d+)\s?(?:kb|kib|kilobytes?)\b/gi, '$1 KB'],
  [new RegExp(`\\b(to|from|upstream|backend|target) (${DOMAIN}(?::\\d+)?/[^\\s,;]*)`, 'gi'), '$1 http://$2'],
  [new RegExp(`(^|[\\s"'])(${DOMAIN})(/[^\\s,;"']*)(?<!\\.(?:json|ya?ml))(?=[\\s,;"']|$)`, 'gi'), '$1$3 on host $2'],
]

/** `orders: 5 requests a minute`, `orders and users: cors`, `limit of orders: 5 a minute`. */
const ABOUT =
  /^(?:([a-z][a-z -]*?) (?:for|of|on) )?(?:the )?(?:routes? )?["'`]?([\w./*-]+(?:(?:, | and |, and )[\w./*-]+)*)["'`]?(?: route)?: (?=\S)(?!\/\/)/i

export function toPlain(sentence: string): string {
  const flat = WAYS.reduce((text, [from, to]) => text.replace(from, to), sentence)
    .trim()
    .replace(/[.!]+$/, '')
  const [whole, lead = '', names] = ABOUT.exec(flat) ?? []
  if (whole !== undefined && lead === '' && TOPIC.test(String(names))) return `${names} ${flat.slice(whole.length)}`
  if (whole === undefined || names === undefined || NOT_NAMES.test(names) || HEADER.test(lead)) return flat
  const single = /^[\w.-]+$/.test(names) && !NUMBER_WORD.test(names)
  return `${lead} ${flat.slice(whole.length)} on ${single ? 'route ' : ''}${names}`.trim()
}

/** `limit: orders 80/min` begins with what is wished. */
const TOPIC =
  /^(?:rate-?)?(?:limits?|cors|cache|caching|auth|keys?|jwt|gzip|compression|timeouts?|retries|redirect|mock|canary|logs?|metrics|publish|delete|disable|enable|block)$/i

/** `set header on X: 1` names a header. */
const HEADER = /\bheaders?\b|\b(?:set|add|send)\b/i

/** What stands before a colon and names no route. */
const NOT_NAMES =
  /^(?:please|pls|hi|hey|hello|also|now|then|new|new route|todo|task|question|q|note|ps|wish|request|and|canary|blue\/green|blue-green|ok|okay)$/i
