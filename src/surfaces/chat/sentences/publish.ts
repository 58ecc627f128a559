// Sentences about putting the gateway in front of an API, and about a route as a whole.
import {
  type Clause,
  conditionIn,
  methodsIn,
  pathsIn,
  type Recogniser,
  type Understood,
  urlsIn,
  weightOf,
} from './clause.ts'
import { aloneIn } from './limits.ts'
import { isKnown } from './vocabulary.ts'

const PUBLISHES =
  /\b(?:create|add|make|publish|expose|serve|served|proxy|forward|put|route|set up|new|send|open|reach|reachable|available|accessible|go|goes|come|comes|lead|leads|point|load[ -]?balance|balance)\b/
const ELSEWHERE =
  /\b(?:import|openapi|swagger|canary|redirect|new version|mcp|chat|split|mirror|log|logs|instead|moved|relocated|migrated|%|percent)\b|%/
const DOMAIN = '((?:[\\w*-]+\\.)+[a-z]{2,})'

const publish: Recogniser = ({ text, lower }) => {
  if (ELSEWHERE.test(lower.replace(/(?:^|\s)\/\S*/g, ' '))) return undefined
  const [path] = pathsIn(text)
  const urls = urlsIn(text)
  const url = (urls[0] ?? namedHost(text, path))?.replace(/^ws/, 'http')
  const upstream = url ? undefined : upstreamIn(text, path)
  if (!url && !upstream) return undefined
  const host =
    new RegExp(`\\b(?:host(?:name)?|domain)\\s+(?:is\\s+)?${DOMAIN}(?![:/])`, 'i').exec(text)?.[1] ??
    new RegExp(
      `\\b(?:on|under|at|as|for|via|serve|expose|publish|proxy|route|forward|send|direct)\\s+${DOMAIN}(?![\\w:/.-])`,
      'i',
    ).exec(text)?.[1]
  if (!PUBLISHES.test(lower) && !path && !host) return undefined
  const methods = methodsIn(text)
  const id = /\b(?:called|named|name|as(?: the)? route|with (?:the )?(?:id|name))\s+["'`]?(?!of\b)([\w.-]+)/i.exec(
    text,
  )?.[1]
  const strip =
    /\b(?:strip|remov|without|drop|cut)\w*\s+(?:off\s+)?(?:the\s+)?(?:prefix|(?:\/\S+ )?prefix|(?=\/))/.test(lower)
      ? (path ?? '').replace(/\/?\*$/, '')
      : undefined
  const below =
    path &&
    /\b(?:everything|anything|all (?:paths|requests|calls)?)\b.*\b(?:under|below|starts? with|beginning with|begins with)\b/.test(
      lower,
    )
  const condition = conditionIn(text)
  const intent = {
    do: 'publish',
    path: path === undefined ? '/*' : below && !path.endsWith('*') ? `${path.replace(/\/$/, '')}/*` : path,
    ...(upstream ? { upstream } : { url }),
    ...(host ? { host } : {}),
    ...(methods.length ? { methods } : {}),
    ...(id ? { id } : {}),
    ...(strip ? { strip } : {}),
  }
  const name = /\b(?:the|our|my|an?)\s+([\w-]+)\s+(?:api|service|app|backend|server)\b/i.exec(text)?.[1]?.toLowerCase()
  const weights = urls.map((one) => weightOf(one, text))
  return {
    intent,
    more: [
      ...urls.slice(1).map((one, i) => ({ do: 'add_node', url: one, ...weighted(weights[i + 1]) })),
      ...(weights[0] === undefined ? [] : [{ do: 'add_node', url, ...weighted(weights[0]) }]),
      ...(condition ? [{ do: 'match', ...condition }] : []),
      ...(/^ws/.test(urls[0] ?? '') ? [{ do: 'websocket' }] : []),
    ],
    heard: [
      String(urls.length),
      ...(/\b(?:two|three|2|3) (?:apis|routes|services)\b/.test(lower) ? ['2', '3'] : []),
      ...(name ? [name] : []),
      'backend',
      'public',
      'servers',
      'if',
      'when',
      'equals',
      'between',
      'starts',
      'begins',
      'beginning',
      'grpc',
      'graphql',
      'come',
      'go',
      'goes',
      'comes',
      'target',
    ],
  }
}

/** A new route, of a clause that could be about one that is there. */
export function publishOf(clause: Clause): Understood | undefined {
  return publish(clause) as Understood | undefined
}

/** `a route for /hooks to upstream orders-pool`: of one that is there. */
function upstreamIn(text: string, path: string | undefined): string | undefined {
  if (!path || !/^(?:please )?(?:create|add|make|publish|expose|serve|new|route|set up|open)\b/i.test(text))
    return undefined
  const name = /\b(?:upstream|pool)\s+["'`]?([\w.-]+)/i.exec(text)?.[1]
  return name && !isKnown(name.toLowerCase()) ? name : undefined
}

/** `to httpbin.org`: a name with a dot after a word that leads to a place. */
function namedHost(text: string, path: string | undefined): string | undefined {
  const host = new RegExp(`\\b(?:to|upstream|backend|target|from)\\s+${DOMAIN}(?![\\w:/.-])`, 'i').exec(text)?.[1]
  return host && path && `http://${host}`
}

function weighted(weight: number | undefined): { weight?: number } {
  return weight === undefined ? {} : { weight }
}

const chatApi: Recogniser = ({ text, lower }) => {
  const asks =
    /\b(?:let|allow|make|give|offer|serve|open|expose|publish|put|turn)\b.*\b(?:chat|mcp|model|assistant|agents?|llm|claude|chatgpt)\b/.test(
      lower,
    ) || /\b(?:as|into) (?:an? )?mcp\b/.test(lower)
  if (!asks) return undefined
  const urls = [...text.matchAll(/https?:\/\/[^\s,;]+/gi)].map((one) => one[0].replace(/[.,;]+$/, ''))
  const document = urls.find((one) => /\.(?:json|ya?ml)$|openapi|swagger/i.test(one))
  const api = urls.find((one) => one !== document) ?? (document && new URL(document).origin)
  const name = /\b(?:the|our|my)\s+(?!chat\b|mcp\b)([\w-]+)\s+API\b/i.exec(text)?.[1]
  // Without an address a route is meant, and not every sentence that names a chat or an agent wants to give it one.
  if (
    api === undefined &&
    !/\b(?:use|call|reach|available|as (?:an? )?mcp|into (?:an? )?mcp|to (?:the )?chat(?:gpt)?)\b/.test(lower)
  )
    return undefined
  if (api === undefined && /\bagents?\b/.test(lower)) return undefined
  const path = pathsIn(text).find((one) => api !== undefined || one.endsWith('/mcp'))
  return {
    intent: {
      do: 'chat_api',
      ...(api ? { url: api } : {}),
      ...(document ? { openapi: document } : {}),
      ...(path ? { path } : {}),
      // Without an address it can only be the name of a route, which has to be there.
      ...(name && api ? { name } : {}),
      ...(/\bmcp (?:only|server|tools?)\b|\b(?:only|just) (?:as|for|over) (?:an? )?mcp\b|\b(?:as|into) (?:an? )?mcp\b/.test(
        lower,
      )
        ? { mcp_only: true }
        : {}),
    },
    own: path ? [path] : [],
  }
}

const switches: Recogniser = ({ lower }) => {
  const about = /\b(?:route|it|this|that|again)\b|\/\w/.test(lower) || lower.split(' ').length <= 4
  if (
    !about ||
    /\b(?:cors|metrics|prometheus|plugin|gzip|compression|websockets?|request ids?|auth\w*|cache|caching|limit\w*|health\w*|key|everything|gateway)\b/.test(
      lower,
    )
  )
    return undefined
  if (
    /^(?:please )?(?:disable|switch off|turn off|pause|take down|shut down|deactivate|stop serving)\b/.test(lower) ||
    /^(?:turn|switch|take)\b.*\b(?:off|offline|down)$/.test(lower)
  )
    return { do: 'disable' }
  if (
    /^(?:please )?(?:re-?enable|enable|switch on|turn on|resume|bring back|reactivate|activate)\b/.test(lower) ||
    /^(?:turn|switch|bring)\b.*\b(?:on|online|back)(?: again)?$/.test(lower)
  )
    return { do: 'enable' }
  return undefined
}

const onlyMethods: Recogniser = ({ text, lower }) => {
  const methods = methodsIn(text)
  if (/\bread[ -]?only\b/.test(lower) && /\b(?:make|route|it|set|turn|should|be|is)\b/.test(lower))
    return { do: 'only_methods', methods: ['GET', 'HEAD', 'OPTIONS'] }
  if (!methods.length || /\d+ *(?:requests|calls|times|per)|https?:/.test(lower)) return undefined
  if (/^no [A-Z]+\b/.test(text)) return { intent: { do: 'only_methods', except: methods }, negated: true }
  if (
    /(?:\b(?:not|never|no longer|no)|n't)\s+(?:be\s+)?(?:accept|allow|allowed|take|serve|permit|support|answer|more)\b|\b(?:block|deny|refuse|reject|forbid|disallow|ban)\b/.test(
      lower,
    )
  )
    return { intent: { do: 'only_methods', except: methods }, negated: true }
  if (!/\b(?:only|just|accept|allow|restrict|limit|methods?|permit)\b/.test(lower)) return undefined
  const added =
    /\b(?:add|also|too|as well|additionally|in addition|besides)\b/.test(lower) ||
    !/\b(?:only|just|restrict|limit|methods?|nothing but|nothing else)\b/.test(lower)
  return added ? { do: 'only_methods', also: methods } : { do: 'only_methods', methods }
}

const move: Recogniser = ({ text, lower }) => {
  // A second path is no other place.
  if (/\b(?:also|too|as well|additionally|in addition)\b/.test(lower)) return undefined
  if (
    !/\b(?:move|rename|(?:should |must )?lives? (?:at|under)|change the path|(?:only|just) (?:answer|answers|serve|serves|take|takes|match|matches|accept|accepts) .*(?:on|at|under|for) (?:[\w-]+\.)+[a-z]{2,}$|serve (?:it|this|that|route \S+|[\w-]+) (?:only )?(?:at|under|on|from)|change (?:its|the) (?:path|uri|host|name|domain)|(?:switch|change) (?:the )?[\w-]+ to (?:(?:an?other|a new|the) (?:host|domain)|\/\w+)|only (?:(?:for|on|at|under|answer|answers|serve|match|matches) )*(?:the )?(?:host|domain)|set (?:its|the) (?:host|domain|path|uri))\b/.test(
      lower,
    )
  )
    return undefined
  const host =
    /\b(?:host(?:name)?|domain):?\s+(?:of .*?\s)?(?:to\s+)?([\w*-]+(?:\.[\w-]+)+)/i.exec(text)?.[1] ??
    (pathsIn(text).length ? undefined : /\b(?:on|to|from|at|under)\s+((?:[\w-]+\.)+[a-z]{2,})$/i.exec(text)?.[1])
  const path = pathsIn(text).at(-1)
  const name = /\b(?:rename\b|change the name).*\b(?:to|as|into)\s+["'`]?([\w.-]+)["'`]?$/i.exec(text)?.[1]
  if (name) return { do: 'move', name }
  if (host) return { do: 'move', host }
  return path ? { intent: { do: 'move', path }, own: [path] } : undefined
}

const NAMED: [RegExp, string][] = [
  [/\b(?:concurren\w+|simultaneous\w*)\b/, 'limit-conn'],
  [/\b(?:rate[ -]?limit(?:s|ing|ed)?|limit(?:s|ing|ed)?|quota|throttl\w+)\b/, 'limit-count'],
  [/\bjwts?\b/, 'jwt-auth'],
  [/\b(?:basic[ -]auth\w*|passwords?)\b/, 'basic-auth'],
  [/\brequest[ -]ids?\b|\bcorrelation ids?\b/, 'request-id'],
  [/\b(?:api[ -]?keys?|key[ -]auth|keys?)\b/, 'key-auth'],
  [/\b(?:authentication|auth|protection|login)\b/, 'auth'],
  [/\bcors\b/, 'cors'],
  [/\b(?:prometheus|metrics)\b/, 'prometheus'],
  [/\b(?:cach\w+)\b/, 'proxy-cache'],
  [/\bmock\w*\b/, 'mocking'],
  [/\bredirect\w*\b/, 'redirect'],
  [/\b(?:rewrit\w+)\b/, 'proxy-rewrite'],
  [/\b(?:gzip|compression|compressing)\b/, 'gzip'],
  [/\b(?:split|canary)\b/, 'traffic-split'],
  [/\b(?:circuit )?breaker\b/, 'api-breaker'],
  [
    /\b(?:ip|address) (?:block|list|restriction|filter|white|allow)\w*\b|\b(?:white|black|allow|deny)-?list\b/,
    'ip-restriction',
  ],
  [/\b(?:log|logs|logging|logger|access logs?)\b/, 'http-logger'],
  [/\b(?:mirror|mirroring|shadowing)\b/, 'proxy-mirror'],
  [/\b(?:delay|fault|fault injection|chaos)\b/, 'fault-injection'],
  [/\b(?:body|upload|size) (?:size |limit)\w*\b|\bbody limit\b/, 'client-control'],
  [/\b(?:bot|user[ -]agent|agent) (?:block|restriction|filter)\w*\b/, 'ua-restriction'],
]

/** `the cors plugin`, `plugin cors`. */
export function pluginIn(lower: string): string | undefined {
  return (
    /\bplugin\s+(?:called\s+|named\s+)?["'`]?(?!(?:from|on|of|in|to|for|do|does|work)\b)([a-z0-9-]+)/.exec(
      lower,
    )?.[1] ?? /\b(?!(?:the|a|this|that|which)\b)([a-z0-9]+(?:-[a-z0-9]+)*)["'`]?\s+plugin\b/.exec(lower)?.[1]
  )
}

const removal: Recogniser = ({ lower: said }) => {
  const lower = said.replace(/\bno more than\b/g, 'at most')
  if (urlsIn(lower).length) return undefined
  if (
    !/\b(?:remove|drop|delete|no longer|no more|stop|turn off|switch off|(?:turn|switch) (?:the )?[\w -]+ off|disable|take (?:the )?(?:[\w -]+ )?(?:away|off)|get rid of|without|lift|not|don't|doesn't|undo the|cancel the|public|unprotect|unprotected|open to everyone|uncache|unlimited|open|no (?:api )?(?:key|auth\w*|password|token|login)s?)\b/.test(
      lower,
    )
  )
    return undefined
  if (
    /\b(?:make|set|open|should be|is)\b.*\b(?:public|unprotected|open to everyone)\b|\bunprotect\b|\bopen\b.*\b(?:to|for) (?:everyone|everybody|all|the public|the world|anyone|anybody)\b/.test(
      lower,
    )
  )
    return {
      intent: { do: 'remove_plugin', plugin: 'auth' },
      heard: ['public', 'unprotect', 'unprotected', 'world', 'everyone', 'everybody', 'everything'],
    }
  if (
    /\bno (?:api )?(?:key|auth\w*|password|token|login)s?(?: is)? (?:needed|required|necessary)\b|\bshould be open(?: again)?\b/.test(
      lower,
    )
  )
    return { intent: { do: 'remove_plugin', plugin: 'auth' }, heard: ['needed', 'required', 'necessary'] }
  if (/\bunlimited\b/.test(lower))
    return { intent: { do: 'remove_plugin', plugin: 'limit-count' }, heard: ['unlimited'] }
  if (/\b(?:nobody|no one|noone|never|nothing)\b/.test(lower)) return undefined
  if (/\bnot\b|n't\b/.test(lower) && !/\b(?:any ?more|any longer|anymore)\b/.test(lower)) return undefined
  if (/\bheaders?\b|\w:\/\//.test(lower) || /\b(?:and|,) (?:add|enable|require)\b/.test(lower)) return undefined
  if ((lower.replace(/\bget rid of\b/, ' ').match(/\b(?:from|on|of)\b/g)?.length ?? 0) > 1) return undefined
  const several = /,| and /.test(lower) && !/\bplugin\b/.test(lower)
  const plugins = several ? allNamed(lower) : [pluginIn(lower) ?? allNamed(lower)[0]]
  const alone = plugins.every((plugin) => plugin?.startsWith('limit-')) ? aloneIn(said) : {}
  const [first, ...more] = plugins.flatMap((plugin) =>
    plugin === undefined ? [] : { ...takeAway(plugin, lower), ...alone },
  )
  return first && { intent: first, more, heard: ['requirement', 'check', 'restriction', 'anymore'] }
}

/** Plugins by their names in speech; `basic auth` is not also `auth`. */
export function allNamed(lower: string): string[] {
  let rest = lower
  return NAMED.flatMap(([pattern, plugin]) => {
    if (!pattern.test(rest)) return []
    rest = rest.replace(new RegExp(pattern.source, 'g'), ' ')
    return [plugin]
  })
}

function takeAway(plugin: string, lower: string): Understood['intent'] {
  if (plugin === 'traffic-split' && !/\bplugin\b/.test(lower)) return { do: 'finish_split', keep: 'old' }
  return { do: 'remove_plugin', plugin }
}

const addition: Recogniser = ({ lower }: Clause) => {
  if (
    !/\b(?:add|enable|turn on|switch on|use|collect|gather|record|activate|run|count|attach|with|expose|install|put|needs?)\b/.test(
      lower,
    )
  )
    return undefined
  if (/\b(?:prometheus|metrics)\b/.test(lower)) return { do: 'add_plugin', plugin: 'prometheus' }
  const plugin = pluginIn(lower)
  return plugin ? { do: 'add_plugin', plugin } : undefined
}

/** Those that are tried before the other topics, and those after. */
export const firstRecognisers: readonly Recogniser[] = [chatApi, removal]
export const publishRecognisers: readonly Recogniser[] = [move, publish, onlyMethods, switches, addition]
