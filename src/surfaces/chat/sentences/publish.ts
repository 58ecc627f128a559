// Sentences about putting the gateway in front of an API, and about a route as a whole.
import { type Clause, methodsIn, pathsIn, type Recogniser, type Understood, urlIn } from './clause.ts'

const publish: Recogniser = ({ text, lower }) => {
  if (!/\b(?:create|add|make|publish|expose|serve|proxy|forward|put|route|set up|new|send|open)\b/.test(lower))
    return undefined
  if (
    /\b(?:node|backend|server|instance|replica|upstream node|canary|redirect|version|mcp|chat|split|%|percent)\b/.test(
      lower,
    )
  )
    return undefined
  const url = urlIn(text)
  if (!url) return undefined
  const [path] = pathsIn(text)
  const methods = methodsIn(text)
  const host = /\b(?:on|under|for|with|at)\s+(?:the\s+)?(?:host(?:name)?|domain)\s+([\w.*-]+)/i.exec(text)?.[1]
  const id = /\b(?:called|named|as(?: the)? route|with id)\s+["'`]?([\w.-]+)/i.exec(text)?.[1]
  const strip = /\b(?:strip|remov|without|drop)\w*\s+(?:the\s+)?(?:prefix|(?=\/))/.test(lower)
    ? (path ?? '').replace(/\/?\*$/, '')
    : undefined
  return {
    do: 'publish',
    path: path ?? '/*',
    url,
    ...(host ? { host } : {}),
    ...(methods.length ? { methods } : {}),
    ...(id ? { id } : {}),
    ...(strip ? { strip } : {}),
  }
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
  const about = /\b(?:route|it|this|that|again)\b|\/\w/.test(lower) || lower.split(' ').length <= 3
  if (
    !about ||
    /\b(?:cors|metrics|prometheus|plugin|gzip|compression|websockets?|request ids?|auth\w*|cache|caching|limit\w*|health|key)\b/.test(
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
    /^(?:please )?(?:enable|switch on|turn on|resume|bring back|reactivate|activate)\b/.test(lower) ||
    /^(?:turn|switch|bring)\b.*\b(?:on|online|back)(?: again)?$/.test(lower)
  )
    return { do: 'enable' }
  return undefined
}

const onlyMethods: Recogniser = ({ text, lower }) => {
  const methods = methodsIn(text)
  if (/\bread[ -]only\b/.test(lower) && /\b(?:make|route|it|set|turn)\b/.test(lower))
    return { do: 'only_methods', methods: ['GET', 'HEAD', 'OPTIONS'] }
  if (!methods.length || !/\b(?:only|accept|allow|restrict|limit|methods?|permit)\b/.test(lower)) return undefined
  return /\d+ *(?:requests|calls|times|per)|https?:/.test(lower) ? undefined : { do: 'only_methods', methods }
}

const move: Recogniser = ({ text, lower }) => {
  if (
    !/\b(?:move|rename|change the path|serve (?:it|this|that|route \S+) (?:at|under|on)|change (?:its|the) (?:path|uri|host))\b/.test(
      lower,
    )
  )
    return undefined
  const host = /\b(?:host(?:name)?|domain)\s+(?:of .*?\s)?(?:to\s+)?([\w*-]+(?:\.[\w-]+)+)/i.exec(text)?.[1]
  const path = pathsIn(text).at(-1)
  const name = /\brename\b.*\b(?:to|as)\s+["'`]?([\w.-]+)["'`]?$/i.exec(text)?.[1]
  if (name) return { do: 'move', name }
  if (host) return { do: 'move', host }
  return path ? { intent: { do: 'move', path }, own: [path] } : undefined
}

const NAMED: [RegExp, string][] = [
  [/\b(?:concurren\w+|simultaneous\w*)\b/, 'limit-conn'],
  [/\b(?:rate[ -]?limit(?:ing)?|limit(?:s|ing)?|quota|throttl\w+)\b/, 'limit-count'],
  [/\bjwts?\b/, 'jwt-auth'],
  [/\b(?:basic[ -]auth\w*|passwords?)\b/, 'basic-auth'],
  [/\brequest[ -]ids?\b|\bcorrelation ids?\b/, 'request-id'],
  [/\b(?:api[ -]?keys?|key[ -]auth|keys?|authentication|auth)\b/, 'key-auth'],
  [/\bcors\b/, 'cors'],
  [/\b(?:prometheus|metrics)\b/, 'prometheus'],
  [/\b(?:cach\w+)\b/, 'proxy-cache'],
  [/\bmock\w*\b/, 'mocking'],
  [/\bredirect\w*\b/, 'redirect'],
  [/\b(?:rewrit\w+)\b/, 'proxy-rewrite'],
  [/\b(?:gzip|compression|compressing)\b/, 'gzip'],
  [/\b(?:split|canary)\b/, 'traffic-split'],
  [/\b(?:circuit )?breaker\b/, 'api-breaker'],
  [/\b(?:ip|address) (?:block|list|restriction|filter)\w*\b/, 'ip-restriction'],
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

const removal: Recogniser = ({ lower }) => {
  if (
    !/\b(?:remove|drop|delete|no longer|no more|stop|turn off|switch off|(?:turn|switch) (?:the )?[\w -]+ off|disable|take away|get rid of|without|lift)\b/.test(
      lower,
    )
  )
    return undefined
  if (/\bheaders?\b|https?:/.test(lower) || /\b(?:and|,) (?:add|enable|require)\b/.test(lower)) return undefined
  if ((lower.match(/\b(?:from|on|of)\b/g)?.length ?? 0) > 1) return undefined
  const several = /,| and /.test(lower) && !/\bplugin\b/.test(lower)
  const plugins = several ? allNamed(lower) : [pluginIn(lower) ?? allNamed(lower)[0]]
  const [first, ...more] = plugins.flatMap((plugin) => (plugin === undefined ? [] : takeAway(plugin, lower)))
  return first && { intent: first, more }
}

/** Plugins by their names in speech; `basic auth` is not also `auth`. */
function allNamed(lower: string): string[] {
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
  if (!/\b(?:add|enable|turn on|switch on|use|collect|activate|run|count|attach|with|expose)\b/.test(lower))
    return undefined
  if (/\b(?:prometheus|metrics)\b/.test(lower)) return { do: 'add_plugin', plugin: 'prometheus' }
  const plugin = pluginIn(lower)
  return plugin ? { do: 'add_plugin', plugin } : undefined
}

/** Those that are tried before the other topics, and those after. */
export const firstRecognisers: readonly Recogniser[] = [chatApi, removal]
export const publishRecognisers: readonly Recogniser[] = [move, publish, onlyMethods, switches, addition]
