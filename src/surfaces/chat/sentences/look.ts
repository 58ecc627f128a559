// Sentences that change nothing: lists, explanations, traffic, history, risks.
import { KINDS, type Kind } from '../../../resources/kinds.ts'
import { pathsIn, spanIn, toDigits } from './clause.ts'
import type { Command } from './command.ts'
import { pluginIn } from './publish.ts'

const NAMES: [RegExp, Kind][] = [
  [/\broutes?\b/, 'routes'],
  [/\bservices?\b/, 'services'],
  [/\bupstreams?\b/, 'upstreams'],
  [/\b(?:consumers?|api clients?)\b/, 'consumers'],
  [/\bconsumer[ _-]groups?\b/, 'consumer_groups'],
  [/\bglobal[ _-]rules?\b/, 'global_rules'],
  [/\bplugin[ _-]configs?\b/, 'plugin_configs'],
  [/\b(?:ssls?|certificates?)\b/, 'ssls'],
  [/\bstream[ _-]routes?\b/, 'stream_routes'],
  [/\bsecrets?\b/, 'secrets'],
  [/\bprotos?\b/, 'protos'],
]

/** The kind of resource that is named, the most special name winning. */
export function kindIn(lower: string): Kind | undefined {
  const exact = KINDS.find((kind) => lower.includes(kind) && kind !== 'routes')
  return exact ?? NAMES.findLast(([pattern]) => pattern.test(lower))?.[1]
}

/** The id after the name of a kind: `consumer jack`. */
export function idAfter(kind: Kind, text: string): string | undefined {
  const name = kind.replace('_', '[ _-]').replace(/s$/, 's?')
  const id = new RegExp(`\\b${name}\\s+(?:called\\s+|named\\s+)?["'\`]?([\\w.-]+)`, 'i').exec(text)?.[1]
  return id && !/^(?:it|all|this|that|list|and|with|to|for|on|from|are|is|do|does|which|there)$/i.test(id)
    ? id.replace(/\.$/, '')
    : undefined
}

const ASKS =
  /^(?:please )?(?:can you |could you )?(?:show|list|get|display|print|look at|see|describe|which|what|what's|how many|how much|how|are there|give me|tell me|who)\b/

/** `show orders`, `is orders protected?`: the route itself answers. */
function parseAbout(text: string): Command | undefined {
  const name =
    /^(?:show|display|describe|explain|look at|see)(?: me)?\s+(?:the\s+)?["'`]?([\w.-]+)["'`]?$/i.exec(text)?.[1] ??
    /^(?:is|are)\s+(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?(?:\s+route)?\s+(?:protected|open|public|cached|limited|secured?|enabled|disabled|on|off|rate[ -]limited)\?*$/i.exec(
      text,
    )?.[1] ??
    /^does\s+(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?(?:\s+route)?\s+(?:need|require|ask|have|use|run|cache)\b.*\?*$/i.exec(
      text,
    )?.[1] ??
    /^(?:who (?:can|may) (?:call|use|reach|access)|what do you know about|tell me about|what about|where does|how is)\s+(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+?)["'`]?(?:\s+(?:route|go|lead|configured|set up|protected))*\?*$/i.exec(
      text,
    )?.[1]
  return name && !kindIn(name.toLowerCase()) && !/^(?:it|this|that|everything|plugins?|help|me|undo|all)$/i.test(name)
    ? { type: 'show', kind: 'routes', id: name }
    : undefined
}

export function parseLook(text: string, lower: string, asked: boolean): Command | undefined {
  const about = parseAbout(text)
  if (about) return about
  if (/^how (?:do|can|to|does|should|would)\b/.test(lower)) return undefined
  // Which routes do *not* have something is more than a search can tell.
  if (asked && /\b(?:no|not|without|except|aren't|isn't|don't|doesn't)\b/.test(lower)) return undefined
  if (
    !ASKS.test(lower) &&
    !/^(?:all )?(?:routes|services|upstreams|consumers|plugins|certificates|global rules)\??$/.test(lower)
  )
    return undefined
  const named = /^(?:describe|what does|what can|how does)\s+(?:the\s+)?([a-z]+(?:-[a-z]+)+)\b/.exec(lower)?.[1]
  const plugin = /\bplugin\b/.test(lower) ? pluginIn(lower) : named
  if (plugin) return { type: 'describe', plugin }
  if (/\bplugins\b/.test(lower) && !/\bplugin[ _-]configs\b/.test(lower)) return { type: 'describe', plugin: undefined }
  const kind = kindIn(lower)
  if (!kind || /\d+ .*\b(?:per|an?) (?:minute|second|hour|day)/.test(lower)) return undefined
  const single = new RegExp(
    `\\b${kind.slice(0, -1).replace('_', '[ _-]')}\\s+["'\`]?([\\w.-]+)["'\`]?(?: look like)?\\??$`,
    'i',
  ).exec(text)
  if (single && !/^(?:all|list|are|exist|there)$/i.test(single[1] as string))
    return { type: 'show', kind, id: single[1] as string }
  return {
    type: 'list',
    kind,
    search: /\b(?:with|for|matching|containing|contain|named|called|like|that use|using)\s+["'`]?([^\s"'`?]+)/i.exec(
      text,
    )?.[1],
  }
}

function headersIn(text: string): { headers?: Record<string, string> } {
  const found = [...text.matchAll(/\bheader\s+["'`]?([A-Za-z][\w-]*)["'`]?\s*(?::|=|is|of)\s*["'`]?([^\s"'`,;?]+)/gi)]
  return found.length ? { headers: Object.fromEntries(found.map((one) => [one[1] as string, one[2] as string])) } : {}
}

/** `call /x 5 times with alice's key`. */
function callIn(text: string): { consumer?: string; repeat?: number } {
  const consumer =
    /\b(?:with|as|by|using)\s+(?:the\s+)?(?:(?:api\s+)?key\s+of\s+)?(?:consumer\s+)?([\w-]+?)(?:'s(?:\s+(?:api\s+)?key)?)?$/i.exec(
      text,
    )?.[1]
  const times = /\b(\d{1,3})\s*(?:times|x)\b/.exec(toDigits(text.toLowerCase()))?.[1]
  return { ...(consumer ? { consumer } : {}), ...(times ? { repeat: Number(times) } : {}) }
}

export function parseExplain(text: string, lower: string): Command | undefined {
  const call = /\b(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)\s+(\/\S*)/.exec(text)
  const path = call?.[2]?.replace(/[?,]$/, '') ?? pathsIn(text)[0]
  if (!path) return undefined
  const method = call?.[1] ?? 'GET'
  if (
    /^(?:please )?(?:try|call|test|request|send|probe|prove|ping|curl|fetch)\b/.test(lower) ||
    (call && call.index === 0)
  )
    return { type: 'probe', method, path, ...callIn(text) }
  if (
    !/^(?:explain|why|which route|what (?:happens|route|would happen)|who (?:takes|serves|answers|gets)|where (?:does|do|would|will)|would|how (?:is|are|does|do)|trace)\b/.test(
      lower,
    )
  )
    return undefined
  return { type: 'explain', method, path, host: /\bhost\s+([\w.-]+)/i.exec(text)?.[1], ...headersIn(text) }
}

const HISTORY =
  /^(?:please )?(?:show |list |see )?(?:me )?(?:the )?(?:history|(?:last|latest|recent) changes|changes|(?:what|who) (?:has |was |were |have (?:you|i|we) |did (?:you|i|we) |have )?(?:been )?(?:change|delete|create|add|remove|edit|touche?)d?|when (?:was|were|did)|audit log)\b/

export function parseHistory(text: string, lower: string): Command | undefined {
  if (!HISTORY.test(lower)) return undefined
  const kind = kindIn(lower.replace(/^.*?\bchanges\b/, '')) ?? 'routes'
  const name =
    idAfter(kind, text) ??
    /\b(?:of|to|on|for|about)\s+(?:the\s+)?["'`]?([\w.-]+)["'`]?(?:\s+(?:route|consumer|service|upstream))?\?*$/i.exec(
      text,
    )?.[1] ??
    /\b(?:changed?|deleted?|created?|added?|removed?|edited|touched|was|were)\s+(?:the\s+)?["'`]?([\w.-]+)["'`]?(?:\s+(?:routes?|consumer|service|upstream))?(?:\s+(?:changed|deleted|created|added|removed|edited|last))*\?*$/i.exec(
      text,
    )?.[1]
  const plain =
    name &&
    !/^(?:it|that|this|last|today|yesterday|now|here|recently|changed|everything|the|made|all|changes|gateway)$/i.test(
      name,
    )
  return { type: 'history', ...(plain ? { about: `${kind}/${name}` } : {}) }
}

/** What is found all together, or findings by their ids; a fault in words is not guessed at. */
function fix(lower: string, ids: string[]): Command {
  const all =
    /^(?:please )?(?:fix|repair|put right|correct|solve|resolve)(?: (?:it|them|that|this|these|those|all|everything|of|the|what|is|wrong|findings?|problems?|issues?|risks?|you|can|found))*$/
  return ids.length || all.test(lower)
    ? { type: 'fix', ids: ids.length ? ids : undefined }
    : {
        type: 'unknown',
        hint: '"Fix it" plans what the linter can put right, "fix ID" one finding: "What is wrong?" lists them.',
      }
}

export function parseLint(text: string, lower: string): Command | undefined {
  const ids = [...text.matchAll(/\b([a-z]+(?:-[a-z]+)*:(?:target|[a-z_]+\/[\w.-]+))/g)].map((one) => one[1] as string)
  if (/^(?:please )?(?:fix|repair|put right|correct|solve|resolve)\b/.test(lower)) return fix(lower, ids)
  const asks =
    /^(?:please )?(?:run (?:the )?)?lint(?:er)?\b/.test(lower) ||
    /\b(?:what(?:'s| is)|anything|is something) wrong\b|\b(?:risks?|risky|vulnerab\w+|insecure|weak(?:ness\w*)?|misconfigur\w+|security (?:check|review|audit))\b/.test(
      lower,
    ) ||
    /^(?:please )?(?:check|review|audit|inspect|examine|verify)\b.*\b(?:config\w*|gateway|set-?up|security|routes|everything)\b/.test(
      lower,
    ) ||
    /\b(?:find|any|show|list)\b.*\b(?:problems?|findings?|issues)\b/.test(lower) ||
    /\b(?:is|are) (?:it|my gateway|the gateway|everything|my routes|the routes) (?:safe|secure|all right|ok|okay|fine|healthy)\b/.test(
      lower,
    )
  return asks ? { type: 'lint' } : undefined
}

export function parseTraffic(text: string, lower: string): Command | undefined {
  const asks =
    /\b(?:traffic|latenc\w+|error rates?|request rates?|status codes|throughput|p95|p99|how (?:fast|slow|busy)|how many (?:requests|calls|errors)|requests per second|slow|slower|slowest|busiest|most (?:requests|calls|traffic)|calls? (?:us )?(?:the )?most|statistics|usage)\b/.test(
      lower,
    ) && !/\b(?:limit|split|percent|send|shift|block|allow|route .* traffic|traffic to)\b|%|https?:/.test(lower)
  if (!asks) return undefined
  const by = /\b(?:status(?:es)?|status codes|codes)\b/.test(lower)
    ? 'status'
    : /\b(?:consumers?|clients?|users?|callers?|who)\b/.test(lower)
      ? 'consumer'
      : /\b(?:upstreams?|nodes?|backends?|servers?)\b/.test(lower)
        ? 'upstream'
        : 'route'
  const search = /\b(?:of|on|for)\s+(?:the\s+)?(?:route\s+|consumer\s+)?["'`]?([\w.-]+)["'`]?\??$/i.exec(text)?.[1]
  const span = /\b(?:last|past|over|in)\b/.test(lower)
    ? spanIn(lower.replace(/\b(?:last|past) (?=(?:second|minute|hour|day)\b)/, 'last 1 '))
    : undefined
  return {
    type: 'traffic',
    by,
    search:
      search && !/^(?:routes?|consumers?|gateway|minutes?|hours?|seconds?|upstreams?|all|it|now)$/i.test(search)
        ? search
        : undefined,
    seconds: span === undefined ? undefined : Math.min(3600, Math.round(span)),
  }
}
