// Sentences about what requests and answers look like.
import { conditionIn, methodsIn, pathsIn, type Recogniser, urlIn, urlsIn } from './clause.ts'

const rewrite: Recogniser = ({ text, lower }) => {
  const host =
    /\b(?:send|set|use|pass|tell|needs?|expects?|wants?)\b.*\bhost(?:name)?(?: header)?\s+(?:of\s+|as\s+|to\s+|is\s+)?["'`]?([\w-]+(?:\.[\w-]+)+)/i.exec(
      text,
    )?.[1]
  if (host && /\b(?:upstream|api|backend)\b/.test(lower)) return { do: 'rewrite', host }
  const paths = pathsIn(text)
  const strips = /\b(?:strip|remove|drop|cut)\b.*\b(?:prefix|from the path|path)\b|\bstrip\b|\bpaths? without\b/.test(
    lower,
  )
  if (strips && paths[0])
    return { intent: { do: 'rewrite', from: paths[0] }, own: [paths[0]], heard: ['expects', 'wants'] }
  const [, expected, instead] =
    /\b(?:expects?|needs?|wants?|knows?|sees?|gets?|receives?|calls? it)\s+(\/\S+)\s+(?:instead of|not|and not|rather than)\s+(\/\S+)$/.exec(
      text,
    ) ?? []
  if (expected && instead)
    return {
      intent: { do: 'rewrite', from: instead, to: expected },
      own: paths,
      heard: ['expects', 'knows', 'not', 'see', 'sees', 'receive', 'receives'],
    }
  const [, off] = /\btake (\/\S+) off\b/i.exec(text) ?? []
  if (off) return { intent: { do: 'rewrite', from: off }, own: [off] }
  const [, asked] = /^call (?:the|its) (?:backend|upstream|server|api)\b.*\bpath\s+(\/\S+)$/i.exec(text) ?? []
  if (asked) return { intent: { do: 'rewrite', to: asked }, own: [asked] }
  if (!/\b(?:rewrite|replace|map)\b/.test(lower) || !paths.length || urlIn(text)) return undefined
  if (paths.length >= 2)
    return { intent: { do: 'rewrite', from: paths.at(-2), to: paths.at(-1) }, own: paths.slice(-2) }
  return { intent: { do: 'rewrite', to: paths[0] }, own: [paths[0] as string] }
}

const HEADER =
  /\bheaders?\s+["'`]?([A-Za-z][\w-]*)["'`]?\s*(?::|=|\bto\b|\bwith(?: the)?(?: value)?\b|\bas\b|\bis\b|\bvalue\b|\bof\b)\s*["'`]?([^"'`,;]+?)["'`]?(?:\s+(?:to|on|in|from|for|of)\s+.*)?$/i
const NAMED_HEADER =
  /\b([A-Z][\w]*(?:-[A-Z][\w]*)+|[Xx]-[\w-]+)\s*(?::|=|\bto\b)\s*["'`]?([^"'`,;]+?)["'`]?(?:\s+(?:to|on|in|from|for|of)\s+.*)?$/

/** `set cache-control no-store on ...`: a name of two parts, and what it is set to. */
const SHORT_HEADER =
  /\b(?:set|add|send)\s+(?:the\s+)?["'`]?([A-Za-z]+(?:-[A-Za-z]+)+)["'`]?\s+(?:header\s+)?(?:to\s+|as\s+)?["'`]?([^\s"'`,;]+)["'`]?(?:\s+(?:to|on|in|from|for|of)\s+.*)?$/i

/** A header that is called one, or has the look of one: `hide X-Powered-By`. */
function removedHeader(name: string | undefined, text: string, lower: string, kind: string): ReturnType<Recogniser> {
  const heard = ['reach', 'reaches', 'leak', 'reveal', "don't"]
  if (name && /\bheaders?\b/.test(lower)) return { intent: { do: kind, remove: [name] }, heard }
  const looks =
    /\b(?:remove|drop|hide|strip|delete|don't (?:leak|show|expose|reveal|send))\s+(?:the\s+)?["'`]?(X-[\w-]+|Server|Via|Authorization|Cookie|Set-Cookie)\b/i.exec(
      text,
    )?.[1]
  if (looks === undefined) return undefined
  return {
    intent: { do: OF_REQUESTS.test(looks) ? 'request_headers' : kind, remove: [looks] },
    heard,
  }
}

/** Headers that only requests have. */
const OF_REQUESTS =
  /^(?:cookie|authorization|proxy-authorization|host|user-agent|referer|origin|accept(?:-[a-z]+)?|x-forwarded-\w+|x-real-ip|forwarded|apikey|x-api-key)$/i

/** Whether a header is meant of requests; answers are meant where nothing says so. */
function isOfRequests(name: string | undefined, lower: string): boolean {
  if (/\b(?:response|responses|answers?|replies)\b/.test(lower)) return false
  return (
    /\b(?:upstream|backend|to the api|requests?)\b/.test(lower) ||
    /\bbefore (?:it|they|the|passing|sending|forwarding|going)\b/.test(lower) ||
    (name !== undefined && OF_REQUESTS.test(name))
  )
}

const headers: Recogniser = ({ text, lower }) => {
  if (
    /\b(?:request[ -]ids?|api[ -]keys?|key|version|limit|rate|per|split|canary|jwt|percent|gzip|api-?breaker|basic-auth|key-auth)\b|%|https?:/.test(
      lower,
    ) &&
    !/\bheader\s+[\w-]+\s*[:=]/.test(lower)
  )
    return undefined
  const name =
    /\bheaders?\s+["'`]?(?!(?:from|on|of|in|to|for|before|after|with|when|and|is|that|which|if)\b)([A-Za-z][\w-]*)/i.exec(
      text,
    )?.[1] ?? /\b(?:the\s+)?["'`]?([A-Za-z][\w-]*)["'`]?\s+headers?\b/i.exec(text)?.[1]
  const kind = isOfRequests(name, lower) ? 'request_headers' : 'response_headers'
  if (/\b(?:remove|drop|hide|strip|delete|don't (?:leak|show|expose|reveal|send))\b/.test(lower))
    return removedHeader(name, text, lower, kind)
  if (
    !/\b(?:add|set|send|put|attach|include|with|pass|return|carry|carries|contain|contains|have|has|get|gets)\b/.test(
      lower,
    )
  )
    return undefined
  const found = HEADER.exec(text) ?? NAMED_HEADER.exec(text) ?? SHORT_HEADER.exec(text)
  return found ? { do: kind, set: { [found[1] as string]: (found[2] as string).trim() } } : undefined
}

const cors: Recogniser = ({ text, lower }) => {
  if (
    !/\bcors\b|\bcross[ -]origin\b|\bbrowsers? (?:from|on|of|at)\b|\bother (?:sites|origins)\b|\b(?:allow|let|permit)\b.*https?:\/\/.*\b(?:browsers?|origin|frontend|front-end|page|web ?site|web ?app|call|fetch|talk|access|use|reach)\b/.test(
      lower,
    )
  )
    return undefined
  if (/\b(?:remove|stop|without|drop|no longer)\b/.test(lower)) return undefined
  const origins = urlsIn(text).map((one) => one.replace(/\/$/, ''))
  if (!origins.length && COMPLAINS.test(lower)) return undefined
  const credentials = /\b(?:credentials|cookies)\b/.test(lower)
  return {
    intent: { do: 'cors', ...(origins.length ? { origins } : {}), ...(credentials ? { credentials: true } : {}) },
    heard: ['when'],
  }
}

/** What is told of is no wish yet: whom to let in is not known from it. */
const COMPLAINS = /\b(?:says?|complains?|blocked|errors?|fails?|failing|problems?|issues?|broken|refused|rejected)\b/

const redirect: Recogniser = ({ text, lower }) => {
  if (
    /\b(?:force|redirect\w*|only|upgrade|require|use|send|enforce|switch)\b.*\bhttps\b(?!:)|\bhttps[ -]only\b/.test(
      lower,
    )
  )
    return { do: 'redirect', https: true }
  const sends =
    /\bsend (?:visitors|people|users|everyone|everybody|browsers|callers|requests|them)\b/.test(lower) &&
    pathsIn(text).length > 1
  const coded = /\b(?:send|point|answer|forward|move)\b/.test(lower) && /\b30[1278]\b/.test(lower)
  if ((!/\bredirect\w*\b/.test(lower) && !sends && !coded) || /\b(?:remove|stop|drop)\b/.test(lower)) return undefined
  const paths = pathsIn(text)
  const to = urlIn(text) ?? paths.at(-1)
  if (!to || paths.length > (urlIn(text) ? 1 : 2)) return undefined
  const from = urlIn(text) ? paths[0] : paths.length > 1 ? paths[0] : undefined
  const code = /\b(30[12378])\b/.exec(lower)?.[1] ?? (/\bpermanent\w*\b/.test(lower) ? '301' : undefined)
  const intent = { do: 'redirect', to, ...(code ? { code: Number(code) } : {}) }
  const onRoute = /\broutes?\b/.test(lower) || !from
  return { intent: onRoute ? intent : { ...intent, path: from }, own: paths }
}

const MAINTENANCE = /\bmaintenance(?: mode)?\b/

/** A route that says it is under maintenance, and one that no longer does. */
const maintenance: Recogniser = ({ lower }) => {
  if (!MAINTENANCE.test(lower)) return undefined
  const heard = ['maintenance', 'mode', 'under', 'while', 'during', 'into', 'over', 'do', '503', 'done', 'finished']
  if (/\b(?:end|stop|leave|out of|off|no longer|over|finish|done|remove)\b/.test(lower))
    return { intent: { do: 'remove_plugin', plugin: 'mocking' }, heard: [...heard, 'end', 'out', 'leave'] }
  const body = '{"error_msg":"under maintenance"}'
  return { intent: { do: 'mock', status: 503, body }, heard }
}

const mock: Recogniser = ({ text, lower }) => {
  const asks = /\bmock\w*\b|\b(?:always )?(?:answer|return|respond|reply)\b/.test(lower)
  if (!asks || /\b(?:remove|stop|drop|disable)\b|https?:/.test(lower)) return undefined
  const body =
    /(\{.*\}|\[.*\])/.exec(text)?.[1] ??
    /\b(?:body|text|with|saying|says?|answer|return|respond|reply)\s+(?:with\s+)?["'`]([^"'`]+)["'`]/i.exec(
      text,
    )?.[1] ??
    /\s"([^"]+)"/.exec(text)?.[1]
  const status = /\b([2-5]\d\d)\b/.exec(lower.replace(body?.toLowerCase() ?? '\u0000', ''))?.[1]
  if (!status && !body && !/\bmock/.test(lower)) return undefined
  const [path] = pathsIn(body ? text.replace(body, '') : text)
  const route = /\broute\b/.test(lower)
  const methods = path && !route ? methodsIn(text) : []
  const plain = body !== undefined && !/^[{[]/.test(body)
  return {
    intent: {
      do: 'mock',
      ...(status ? { status: Number(status) } : {}),
      ...(body ? { body } : {}),
      ...(plain ? { content_type: 'text/plain' } : {}),
      ...(path && !route ? { path } : {}),
      ...(methods.length ? { methods } : {}),
    },
    own: path && !route ? [path] : [],
    heard: /\bwithout (?:(?:an?y?|the|asking|calling) )*(?:backend|upstream|api|server)\b/.test(lower)
      ? ['without']
      : [],
  }
}

const compress: Recogniser = ({ lower }) =>
  /\b(?:compress\w*|gzip\w*)\b/.test(lower) && !/\b(?:remove|stop|without|disable)\b/.test(lower)
    ? { do: 'compress' }
    : undefined

const requestId: Recogniser = ({ text, lower }) => {
  const asks =
    /\b(?:request|correlation|trace)[ -]?ids?\b|\b(?:every|each|all) (?:requests?|calls?)\b.*\b(?:unique )?ids?\b/
  if (!asks.test(lower) || /\b(?:remove|stop|without|disable)\b/.test(lower)) return undefined
  const header = /\b(?:in|as|header|called)\s+(?:the\s+)?(?:header\s+)?["'`]?([A-Za-z]+(?:-[A-Za-z]+)+)/i.exec(
    text,
  )?.[1]
  return { do: 'request_id', ...(header ? { header } : {}) }
}

const websocket: Recogniser = ({ lower }) =>
  /\bweb ?sockets?\b/.test(lower) && !/\b(?:remove|stop|disable|without)\b/.test(lower)
    ? { do: 'websocket' }
    : undefined

const match: Recogniser = ({ text, lower }) => {
  const condition = conditionIn(text)
  if (!condition || urlIn(text)) return undefined
  if (!/\b(?:match\w*|only|serve|route|answer|accept|take)\b.*\b(?:if|when|with|where|for)\b/.test(lower))
    return undefined
  return {
    intent: { do: 'match', ...condition },
    heard: 'match matches if when where equals only parameter param query'.split(' '),
  }
}

export const messageRecognisers: readonly Recogniser[] = [
  match,
  cors,
  redirect,
  websocket,
  requestId,
  compress,
  rewrite,
  headers,
  maintenance,
  mock,
]
