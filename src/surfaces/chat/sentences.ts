// The common sentences, understood without a model: a sentence becomes a command, several wishes about one route become one.
// Deliberately small and predictable: what is not understood is said, with what would be.
import type { Intent } from '../../operations/intents.ts'
import { KINDS, type Kind } from '../../resources/kinds.ts'

export type Command =
  | { type: 'list'; kind: Kind; search: string | undefined }
  | { type: 'show'; kind: Kind; id: string }
  | { type: 'explain'; method: string; path: string; host: string | undefined }
  | { type: 'describe'; plugin: string | undefined }
  | { type: 'history' }
  | { type: 'undo'; id: string | undefined }
  | { type: 'plan'; intents: Intent[]; route: RouteReference }
  | { type: 'delete'; kind: Kind; id: string | undefined }
  | { type: 'probe'; method: string; path: string }
  | { type: 'help' }
  | { type: 'unknown' }

/** Which route a sentence is about: one named by id, one named by its path, the one talked about last (`it`), or none (a new one). */
export type RouteReference = { id: string } | { path: string } | 'last' | 'none'

const NAMES: [RegExp, Kind][] = [
  [/\broutes?\b/, 'routes'],
  [/\bservices?\b/, 'services'],
  [/\bupstreams?\b/, 'upstreams'],
  [/\bconsumer[ _-]groups?\b/, 'consumer_groups'],
  [/\bconsumers?\b/, 'consumers'],
  [/\bglobal[ _-]rules?\b/, 'global_rules'],
  [/\bplugin[ _-]configs?\b/, 'plugin_configs'],
  [/\b(?:ssls?|certificates?)\b/, 'ssls'],
  [/\bstream[ _-]routes?\b/, 'stream_routes'],
]

/** Understands one sentence. */
export function parseSentence(sentence: string): Command {
  const text = sentence
    .trim()
    .replace(/[.!]+$/, '')
    .replace(/\s+/g, ' ')
  const lower = text.toLowerCase()
  if (/^(?:help|\?|what can (?:you|i) (?:do|say))/.test(lower)) return { type: 'help' }
  return (
    parseUndo(lower) ??
    parseLook(text, lower) ??
    parseExplain(text, lower) ??
    parseDelete(text, lower) ??
    parsePlan(text, lower) ?? { type: 'unknown' }
  )
}

function parseUndo(lower: string): Command | undefined {
  if (
    /^(?:please )?(?:show |list )?(?:me )?(?:the )?(?:history|last changes|changes|what (?:has )?changed)\b/.test(lower)
  )
    return { type: 'history' }
  if (!/^(?:please )?(?:undo|revert|roll ?back|take (?:it|that|this) back)\b/.test(lower)) return undefined
  return { type: 'undo', id: /\bchange-[0-9a-f]+\b/.exec(lower)?.[0] }
}

function parseLook(text: string, lower: string): Command | undefined {
  const asks = /^(?:please )?(?:show|list|get|display|print|look at|see|describe|which|what|how many|are there)\b/.test(
    lower,
  )
  if (!asks) return undefined
  const plugin =
    /^(?:describe|what does|what can|show|explain)\b.*?\bplugin (?:the )?["'`]?([a-z0-9-]+)/.exec(lower) ??
    /\b(?:the )?([a-z]+(?:-[a-z]+)+) plugin\b/.exec(lower)
  if (plugin) return { type: 'describe', plugin: plugin[1] }
  if (/\bplugins\b/.test(lower) && !/\bplugin[ _-]configs\b/.test(lower)) return { type: 'describe', plugin: undefined }
  const kind = kindIn(lower)
  if (!kind) return undefined
  const single = new RegExp(`\\b${kind.slice(0, -1).replace('_', '[ _-]')}\\s+["'\`]?([\\w.-]+)["'\`]?$`, 'i').exec(
    text,
  )
  if (single && !/^(?:all|list)$/i.test(single[1] as string)) return { type: 'show', kind, id: single[1] as string }
  return {
    type: 'list',
    kind,
    search: /\b(?:with|for|matching|containing|named|called)\s+["'`]?([^\s"'`]+)/i.exec(text)?.[1],
  }
}

function parseExplain(text: string, lower: string): Command | undefined {
  const call = /\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(\/\S*)/.exec(text)
  const path = call?.[2] ?? /(?:^|\s)(\/[^\s?]*(?:\?\S*)?)/.exec(text)?.[1]
  if (!path) return undefined
  const method = call?.[1] ?? 'GET'
  if (/^(?:please )?(?:try|call|test|request|send|probe|prove)\b/.test(lower) || (call && call.index === 0))
    return { type: 'probe', method, path }
  if (!/^(?:explain|why|which route|what (?:happens|route)|who (?:takes|serves)|where does|would)\b/.test(lower))
    return undefined
  return { type: 'explain', method, path, host: /\bhost\s+([\w.-]+)/i.exec(text)?.[1] }
}

function parseDelete(text: string, lower: string): Command | undefined {
  if (!/^(?:please )?(?:delete|remove|drop)\b/.test(lower)) return undefined
  if (
    /\b(?:plugin|limit|key|authentication|auth|cors|metrics)\b/.test(lower) &&
    !/\b(?:route|upstream|service|consumer)\s+[\w.-]+$/.test(lower)
  )
    return undefined
  const kind = kindIn(lower) ?? (/\b(?:it|this|that)\b/.test(lower) ? 'routes' : undefined)
  if (!kind) return undefined
  const id = new RegExp(`\\b${kind.replace('_', '[ _-]').replace(/s$/, 's?')}\\s+["'\`]?([\\w.-]+)`, 'i').exec(
    text,
  )?.[1]
  return { type: 'delete', kind, id: /^(?:it|all|this|that)$/i.test(id ?? '') ? undefined : id }
}

function parsePlan(text: string, lower: string): Command | undefined {
  const intents = [
    publishIn(text, lower),
    keyIn(lower),
    limitIn(lower),
    removalIn(lower),
    additionIn(lower),
    switchIn(lower),
  ].filter((one) => one !== undefined)
  if (!intents.length) return undefined
  const creates = intents.some((one) => one.do === 'publish')
  return { type: 'plan', intents, route: creates ? 'none' : routeIn(text) }
}

function publishIn(text: string, lower: string): Intent | undefined {
  if (!/\b(?:create|add|make|publish|expose|serve|proxy|forward|put|route|set up|new)\b/.test(lower)) return undefined
  const url = /\bhttps?:\/\/[^\s,;]+/i.exec(text)?.[0]?.replace(/[.,;]+$/, '') ?? hostAndPort(text)
  const path = /(?:^|\s)["'`]?(\/[^\s"'`,;]*)/.exec(text.replace(/https?:\/\/\S+/i, ''))?.[1]
  if (!url) return undefined
  const methods = [...new Set(text.match(/\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\b/g) ?? [])]
  const host = /\b(?:on|under|for) host\s+([\w.*-]+)/i.exec(text)?.[1]
  return { do: 'publish', path: path ?? '/*', url, ...(host ? { host } : {}), ...(methods.length ? { methods } : {}) }
}

function hostAndPort(text: string): string | undefined {
  const found = /\b(?:to|at|on|from)\s+((?:[a-z0-9-]+\.)*[a-z0-9-]+:\d{2,5})\b/i.exec(text)?.[1]
  return found && `http://${found}`
}

function keyIn(lower: string): Intent | undefined {
  const asks =
    /\b(?:api[ -]?keys?|key[ -]auth|a key)\b/.test(lower) &&
    /\b(?:require|ask|need|demand|protect|secure|with|add|enable|want|must|only)\b/.test(lower)
  const protects = /\b(?:protect|secure|require authentication|lock)\b/.test(lower) && !/\b(?:jwt|basic)\b/.test(lower)
  return (asks || protects) && !/\b(?:remove|without|drop|no longer|stop)\b/.test(lower)
    ? { do: 'require_key' }
    : undefined
}

const UNITS: [RegExp, number][] = [
  [/^s(?:ec(?:ond)?s?)?$/, 1],
  [/^m(?:in(?:ute)?s?)?$/, 60],
  [/^h(?:ours?)?$/, 3600],
  [/^d(?:ays?)?$/, 86400],
]

function limitIn(lower: string): Intent | undefined {
  const words = lower.replace(/\bonce\b/, '1 time').replace(/,(?=\d{3}\b)/g, '')
  const found =
    /(\d+)\s*(?:requests?|calls?|times?|hits?|req)?\s*(?:per|a|an|each|every|in|\/)\s*(\d+)?\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)\b/.exec(
      words,
    )
  if (!found || /\b(?:remove|drop)\b/.test(lower)) return undefined
  const unit = UNITS.find(([pattern]) => pattern.test(found[3] as string))?.[1] ?? 60
  return { do: 'limit', count: Number(found[1]), seconds: unit * Number(found[2] ?? 1) }
}

const PLUGIN_WORDS: [RegExp, string][] = [
  [/\b(?:rate[ -]?limit|limit|quota)\b/, 'limit-count'],
  [/\b(?:api[ -]?key|key[ -]auth|authentication|auth)\b/, 'key-auth'],
  [/\bcors\b/, 'cors'],
  [/\b(?:prometheus|metrics)\b/, 'prometheus'],
]

function removalIn(lower: string): Intent | undefined {
  if (!/\b(?:remove|drop|delete|no longer|stop|without|turn off)\b/.test(lower)) return undefined
  const named = /\bplugin\s+([a-z0-9-]+)/.exec(lower)?.[1] ?? /\b([a-z]+(?:-[a-z]+)+)\s+plugin\b/.exec(lower)?.[1]
  const plugin = named ?? PLUGIN_WORDS.find(([pattern]) => pattern.test(lower))?.[1]
  return plugin ? { do: 'remove_plugin', plugin } : undefined
}

function additionIn(lower: string): Intent | undefined {
  if (
    !/\b(?:add|enable|allow|turn on|switch on|use|collect|with)\b/.test(lower) ||
    /\b(?:remove|drop|without)\b/.test(lower)
  )
    return undefined
  if (/\bcors\b/.test(lower)) return { do: 'add_plugin', plugin: 'cors' }
  if (/\b(?:prometheus|metrics)\b/.test(lower)) return { do: 'add_plugin', plugin: 'prometheus' }
  return undefined
}

function switchIn(lower: string): Intent | undefined {
  if (/^(?:please )?(?:disable|switch off|turn off|pause|take down)\b.*\b(?:route|it|this|that)\b/.test(lower))
    return { do: 'disable' }
  if (
    /^(?:please )?(?:enable|switch on|turn on|resume|bring back)\b.*\b(?:route|it|this|that)\b/.test(lower) &&
    !/\b(?:cors|metrics|prometheus)\b/.test(lower)
  )
    return { do: 'enable' }
  return undefined
}

function routeIn(text: string): RouteReference {
  const path = /(?:^|\s)["'`]?(\/[^\s"'`,;]*)/.exec(text)?.[1]
  if (path) return { path }
  const id = /\broute\s+["'`]?([\w.-]+)["'`]?/i.exec(text)?.[1]
  return id && !/^(?:and|with|to|for|that|it)$/i.test(id) ? { id } : 'last'
}

function kindIn(lower: string): Kind | undefined {
  const exact = KINDS.find((kind) => lower.includes(kind))
  if (exact && exact !== 'routes') return exact
  const [, kind] =
    NAMES.slice()
      .reverse()
      .find(([pattern]) => pattern.test(lower)) ?? []
  return kind
}
