// Sentences that change nothing: lists, explanations, traffic, history, risks.
import { KINDS, type Kind } from '../../../resources/kinds.ts'
import { pathsIn, urlIn } from './clause.ts'
import type { Command, Topic } from './command.ts'
import { spanIn, toDigits } from './numbers.ts'
import { allNamed, pluginIn } from './publish.ts'
import { isKnown } from './vocabulary.ts'

const NAMES: [RegExp, Kind][] = [
  [/\broutes?\b/, 'routes'],
  [/\bservices?\b/, 'services'],
  [/\bupstreams?\b/, 'upstreams'],
  [/\b(?:consumers?|api clients?)\b/, 'consumers'],
  [/\bconsumer[ _-]groups?\b/, 'consumer_groups'],
  [/\bglobal[ _-]rules?\b/, 'global_rules'],
  [/\bplugin[ _-]configs?\b/, 'plugin_configs'],
  [/\b(?:ssls?|certificates?|certs?)\b/, 'ssls'],
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

const NAME = '(?:the\\s+)?(?:route\\s+)?["\'`]?([\\w.-]+?)["\'`]?(?:\\s+(?:route|api|endpoint))?'
/** What a person asks of one route. */
const PROPERTY =
  '(?:config\\w*|settings?|setup|definition|details?|rules?|plugins?|limits?|rate|quota|timeouts?|backends?|upstreams?|servers?|nodes?|keys?|auth\\w*|protection|methods?|hosts?|cors|cache|caching|headers?|weights?|retr\\w+|health\\w*|paths?|uri|canary|split|requests?|restrictions?|address\\w*|status|json)'
const ABOUT: readonly RegExp[] = [
  '^(?:tell me|show me|see|explain|say|describe) (?:what|where|how)\\s+NAME\\s+(?:does|do|is|goes|leads|works|is configured|leads to|goes to)$',
  '^(?:show|display|describe|explain|look at|see|print|get|inspect)(?: me)?\\s+(?:(?:everything|all|more) about\\s+)?NAME$',
  `^(?:show|display|print|get|give me|describe|see|what is|what's|what are|which|what|how (?:big|long|high|many|much))\\b.*\\b${PROPERTY}\\b.*\\b(?:of|on|for|from|behind|does|do|has|is set (?:on|for))\\s+NAME(?:\\s+(?:have|has|use|uses|run|runs|allow|allows|accept|accepts|need|needs|ask|asks|for|get|gets|lead|go|to|wait|right|now|currently|at))*\\?*$`,
  `^(?:show|display|print|get|give)(?: me)?\\s+(?:the\\s+)?NAME(?:'s)?\\s+${PROPERTY}$`,
  `^(?:what is|what's|what are)\\s+(?:the\\s+)?NAME's\\s+.*${PROPERTY}\\?*$`,
  '^(?:is|are)\\s+NAME\\s+(?:still |currently |now )?(?:protected|open|public|cached|limited|secured?|enabled|disabled|on|off|rate[ -]limited|healthy|up|down|alive|compressed|password[ -]protected)\\?*$',
  '^(?:is|are)\\s+the\\s+(?:backend|server|upstream|node|api|service)s?\\s+(?:of|behind|for)\\s+NAME\\s+(?:healthy|up|down|alive|ok|okay|reachable|running)\\?*$',
  '^(?:test|check|verify|see|show) (?:that|if|whether)\\s+NAME\\s+(?:is|still|really|now|\\s)+(?:protected|open|public|cached|limited|secured?|enabled|disabled|healthy|compressed)$',
  '^(?:is|are) there (?:an?|any) .*\\b(?:on|for|in front of)\\s+NAME\\?*$',
  '^does\\s+NAME\\s+(?:need|require|ask|have|use|run|cache|allow|accept|support)\\b.*\\?*$',
  '^(?:who (?:can|may|is allowed to|has access to) ?(?:call|use|reach|access)?|what do you know about|tell me (?:more |something )?about|what about|where does|where is|how is|who is|what does)\\s+NAME(?:\\s+(?:go|lead|to|point|configured|set up|protected|limited|secured|cached|do|look like))*\\?*$',
].map((one) => new RegExp(one.replaceAll('NAME', NAME), 'i'))
const NO_NAME =
  /^(?:everything|plugins?|help|me|undo|all|the|a|an|my|your|gateway|api|apis|routes?|minutes?|hours?|day|days|traffic|history|status|changes?|global|today|yesterday|config\w*|rate|now|there|here|key|changed)$/i

/** `show orders`, `is orders protected?`, `what is the limit on orders?`: the route itself answers. */
function parseAbout(text: string): Command | undefined {
  const name = ABOUT.map((one) => one.exec(text)?.[1]).find((one) => one !== undefined)
  if (name === undefined || kindIn(name.toLowerCase()) || NO_NAME.test(name)) return undefined
  return { type: 'show', kind: 'routes', id: /^(?:it|this|that)$/i.test(name) ? undefined : name }
}

/** What routes may lack. Of a route's own plugins only: a search cannot tell the others. */
const TOPICS: readonly (Topic & { said: RegExp })[] = [
  {
    name: 'authentication',
    said: /\b(?:auth\w*|keys?|protection|protected|unprotected|secured|unsecured|open|public|login|who is calling)\b/,
    plugins: /-auth\b|openid-connect/,
  },
  { name: 'limit', said: /\b(?:limits?|limited|unlimited|quota|throttl\w*)\b/, plugins: /\blimit-/ },
  { name: 'cors', said: /\bcors\b/, plugins: /\bcors\b/ },
  { name: 'cache', said: /\bcach\w+\b/, plugins: /\bproxy-cache\b/ },
  { name: 'metrics', said: /\b(?:metrics|prometheus|counted)\b/, plugins: /\bprometheus\b/ },
]

function parseLacking(lower: string): Command | undefined {
  if (/^are (?:all|any) (?:of )?(?:my |the |our )?(?:routes|apis|endpoints)\b/.test(lower)) {
    const asked = TOPICS.find(({ said }) => said.test(lower))
    return asked && { type: 'list', kind: 'routes', search: undefined, lacking: asked }
  }
  if (
    !/^(?:which|what|show|list|are there|is there|any|do (?:we|i) have|find|give me|display)\b.*\b(?:routes?|apis?|endpoints?)\b/.test(
      lower,
    )
  )
    return undefined
  if (
    !/\b(?:no|not|without|aren't|isn't|don't|doesn't|lack\w*|unprotected|unsecured|unlimited|open|public|missing)\b/.test(
      lower,
    )
  )
    return undefined
  const topic = TOPICS.find(({ said }) => said.test(lower))
  return topic && { type: 'list', kind: 'routes', search: undefined, lacking: topic }
}

/** `which gateway am I talking to?` */
export function parseWhere(lower: string): Command | undefined {
  return /^(?:(?:on |to )?(?:which|what) (?:gateway|target|cluster|environment)|where) (?:am i|are we|is this|do (?:i|we) (?:talk|work|operate))\b/.test(
    lower,
  )
    ? { type: 'where' }
    : undefined
}

export function parseLook(text: string, lower: string, asked: boolean): Command | undefined {
  if (
    /^(?:show|what|which|tell|give me|print|reveal|display|get)\b.*\b(?:key|password|secret|token)s?\b.*\bof\s+(?!the (?:route|api))[\w-]+\??$|^(?:show|what|tell|print|reveal|display)\b.*'s (?:api )?(?:key|password|secret|token)\??$/.test(
      lower,
    )
  )
    return {
      type: 'unknown',
      hint: 'Keys and passwords are shown once, when they are made, and stay hidden: "New key for NAME" makes another.',
    }
  const about = parseAbout(text)
  if (about) return about
  if (/^how (?:do|can|to|does|should|would)\b/.test(lower)) return undefined
  if (
    /^(?:show|list|display)(?: me)? (?:everything|all|what is (?:there|configured)|the (?:whole )?config\w*)$/.test(
      lower,
    )
  )
    return { type: 'list', kind: 'routes', search: undefined }
  if (
    /^what(?:'s| is| are| do (?:we|i) have| have we)? (?:running|configured|there|here|deployed|set up|exposed|published|served|on)(?: (?:here|there|right now|now|currently|on (?:the|this) gateway))*\??$/.test(
      lower,
    )
  )
    return { type: 'list', kind: 'routes', search: undefined }
  const under =
    /^what(?:'s| is| do (?:we|i) have| is there) (?:for|on|under|behind|at) ["'`]?([\w.-]+\.[\w.-]+|\/\S+?)["'`]?\??$/i.exec(
      text,
    )?.[1]
  if (under !== undefined) return { type: 'list', kind: 'routes', search: under }
  if (asked && /\b(?:nodes?|backends?|servers?)\b.*\b(?:un)?(?:healthy|down|up|alive|dead|away)\b/.test(lower))
    return { type: 'list', kind: 'upstreams', search: undefined }
  const lacking = parseLacking(lower)
  if (lacking) return lacking
  const certified = asked && kindIn(lower) === 'ssls' ? /(?:[\w-]+\.)+[a-z]{2,}/i.exec(text)?.[0] : undefined
  if (certified) return { type: 'list', kind: 'ssls', search: certified }
  if (asked && /\b(?:certs?|certificates?)\b.*\b(?:expir\w+|valid|old|renew\w*|run out|end)\b/.test(lower))
    return { type: 'list', kind: 'ssls', search: undefined }
  // Which routes do *not* have something is more than a search can tell.
  if (asked && /\b(?:no|not|without|except|aren't|isn't|don't|doesn't)\b/.test(lower)) return undefined
  if (
    !ASKS.test(lower) &&
    !/^(?:all )?(?:routes|services|upstreams|consumers|plugins|certificates|global rules)\??$/.test(lower)
  )
    return undefined
  const named = /^(?:describe|what does|what can|how does)\s+(?:the\s+)?([a-z]+(?:-[a-z]+)+)\b/.exec(lower)?.[1]
  const plugin = /\bplugin\b/.test(lower) ? pluginIn(lower) : named
  if (plugin) return { type: 'describe', plugins: [plugin] }
  if (/\bplugins\b/.test(lower) && !/\bplugin[ _-]configs\b/.test(lower)) {
    const [first] = allNamed(lower)
    const family = first?.startsWith('limit-') ? ['limit-count', 'limit-req', 'limit-conn'] : first ? [first] : []
    return { type: 'describe', plugins: family.filter((one) => one !== 'auth') }
  }
  const kind = kindIn(lower)
  if (!kind || /\d+ .*\b(?:per|an?) (?:minute|second|hour|day)/.test(lower)) return undefined
  const singular = new RegExp(`\\b${kind.slice(0, -1).replace('_', '[ _-]')}\\s`).test(lower)
  const one = asked && singular ? idAfter(kind, text) : undefined
  if (one && !isKnown(one.toLowerCase())) return { type: 'show', kind, id: one }
  const single = new RegExp(
    `\\b${kind.slice(0, -1).replace('_', '[ _-]')}\\s+["'\`]?([\\w.-]+)["'\`]?(?: look like)?\\??$`,
    'i',
  ).exec(text)
  if (single && !/^(?:all|list|are|exist|there)$/i.test(single[1] as string))
    return { type: 'show', kind, id: single[1] as string }
  return {
    type: 'list',
    kind,
    search:
      /\b(?:with|for|matching|containing|contain|named|called|like|use|using|have|has|run|running)\s+(?:the\s+|an?\s+)?(?:host(?:name)?|domain|path|uri|name|plugin|label)?\s*["'`]?([^\s"'`?]+)/i.exec(
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
  const url = /^(?:explain|why|which route|what (?:happens|route))\b/.test(lower) ? placeOf(urlIn(text)) : undefined
  const path = call?.[2]?.replace(/[?,]$/, '') ?? url?.path ?? pathsIn(text)[0]
  if (!path) return undefined
  const method = call?.[1] ?? 'GET'
  if (/\bevery \d/.test(lower)) return undefined
  if (
    (/^(?:please )?(?:try|call|test|request|send (?:an? |one |some )?(?:requests?|calls?|get|post|put|patch|delete|head|options)|probe|prove|ping|curl|fetch)\b/.test(
      lower,
    ) &&
      pathsIn(text).length === 1 &&
      !urlIn(text) &&
      !/\b(?:backend|upstream|server)\b/.test(lower)) ||
    (call && call.index === 0)
  )
    return { type: 'probe', method, path, ...callIn(text) }
  if (
    !/^(?:explain|why|which route|what (?:happens|route|would happen)|who (?:takes|serves|answers|gets)|where (?:does|do|would|will)|would|how (?:is|are|does|do)|trace)\b/.test(
      lower,
    ) &&
    !(call && /^(?:what|which|where|who|does|will|is|can)\b/.test(lower))
  )
    return undefined
  return {
    type: 'explain',
    method,
    path,
    host: url?.host ?? /\bhost\s+([\w.-]+)/i.exec(text)?.[1],
    ...headersIn(text),
    ...(FAILS.test(lower) && /^(?:GET|HEAD|OPTIONS)$/.test(method) ? { failing: true } : {}),
  }
}

/** What an API or a node does that is away; a 401 or 404 is explained by the configuration alone. */
const FAILS =
  /\b50\d\b|\b5xx\b|\b(?:fail(?:s|ed|ing)?|broken|down|unavailable|unreachable|dead|errors?|timing out|time[sd]? out)\b/

/** What an address asks of this gateway: its path, and the name of the host where that is more than a place. */
function placeOf(address: string | undefined): { path: string; host?: string } | undefined {
  const url = address === undefined ? undefined : URL.parse(address.replace(/[?]$/, ''))
  if (!url) return undefined
  const named = /[a-z]/i.test(url.hostname) && !/^localhost$|:/.test(url.hostname)
  return { path: `${url.pathname}${url.search}`, ...(named ? { host: url.hostname } : {}) }
}

const HISTORY =
  /^(?:please )?(?:show |list |see )?(?:me )?(?:the )?(?:(?:give me )?(?:a |the )?list of (?:what|(?:all |the )?changes)|history|(?:last|latest|recent) changes|changes|(?:what|who) (?:has |was |were |have (?:you|i|we) |did (?:you|i|we) |have )?(?:been )?(?:change|delete|create|add|remove|edit|touche?)d?|when (?:was|were|did)|what happened|audit log)\b/

export function parseHistory(text: string, lower: string): Command | undefined {
  if (!HISTORY.test(lower)) return undefined
  const kind = kindIn(lower.replace(/^.*?\bchanges\b/, '')) ?? 'routes'
  const name =
    idAfter(kind, text) ??
    /\bdid\s+(?!(?:we|you|i|they|it|he|she|somebody|someone|anybody|anyone|anything|something)\b)(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?\s+(?:last\s+)?(?:change|get changed)\b/i.exec(
      text,
    )?.[1] ??
    /\b(?:of|to|on|for|about)\s+(?:the\s+)?["'`]?([\w.-]+)["'`]?(?:\s+(?:route|consumer|service|upstream))?(?: last| recently| today| yesterday)?\?*$/i.exec(
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

const UNUSED =
  /\b(?:unused|not used|nobody uses?|no ?one uses?|(?:does|do) (?:nobody|no ?one|nothing) use|nothing uses|orphaned|left ?over)\b/

export function parseLint(text: string, lower: string): Command | undefined {
  if (
    UNUSED.test(lower) &&
    /\b(?:which|what|any|show|list|find|are|is|upstreams?|services?)\b/.test(lower) &&
    !/^(?:delete|remove|drop)\b/.test(lower)
  )
    return { type: 'lint' }
  const ids = [...text.matchAll(/\b([a-z]+(?:-[a-z]+)*:(?:target|[a-z_]+\/[\w.-]+))/g)].map((one) => one[1] as string)
  if (/^(?:please )?(?:fix|repair|put right|correct|solve|resolve)\b/.test(lower)) return fix(lower, ids)
  const asks =
    /^(?:please )?(?:run (?:the )?)?lint(?:er)?\b/.test(lower) ||
    /\b(?:what(?:'s| is)|anything|is something|something) (?:wrong|broken|failing|misbehaving|down|unhealthy)\b|\b(?:risks?|risky|vulnerab\w+|insecure|weak(?:ness\w*)?|misconfigur\w+|security (?:check|review|audit))\b/.test(
      lower,
    ) ||
    /^(?:please )?(?:check|review|audit|inspect|examine|verify)\b.*\b(?:config\w*|gateway|set-?up|security|routes|everything)\b/.test(
      lower,
    ) ||
    /\b(?:find|any|show|list)\b.*\b(?:problems?|findings?|issues)\b/.test(lower) ||
    /^(?:(?:show |what is |what's )?(?:me )?(?:the )?(?:overall |gateway |system )*(?:status|health)(?: of (?:the |my )?gateway)?|how(?: is|'s) (?:the |my )?(?:gateway|everything|it|it all)(?: doing| going)?(?: today| now| right now)?|health ?check)\??$/.test(
      lower,
    ) ||
    /^why\b[^/]*\b(?:50\ds?|5xxs?|failing|failures|errors?)(?: errors?| now| again| everywhere| today)*\??$/.test(
      lower,
    ) ||
    /\b(?:is|are) (?:it|my gateway|the gateway|everything|my routes|the routes) (?:safe|secure|all right|ok|okay|fine|healthy)\b/.test(
      lower,
    )
  return asks ? { type: 'lint' } : undefined
}

export function parseTraffic(text: string, lower: string): Command | undefined {
  const asks =
    (/\b(?:errors?|failures|failing|5xx|50\d)\b/.test(lower) &&
      /^(?:are there|is there|any|how many|show|do|does|did|has|have)\b/.test(lower)) ||
    (/\b(?:traffic|latenc\w+|error rates?|request rates?|status codes|throughput|p95|p99|how (?:fast|slow|busy)|how many (?:requests|calls|errors)|requests per second|slow|slower|slowest|busiest|most (?:requests|calls|traffic)|(?:calls?|uses?|hits?) (?:us |\S+ )?(?:the )?most|top (?:callers|consumers|clients|routes)|statistics|usage)\b/.test(
      lower,
    ) &&
      (ASKS.test(lower) ||
        /^(?:is|are|why|traffic|latenc\w*|errors?|status|requests?|throughput|p9\d|statistics|usage|slow(?:est)?(?: routes| requests| calls|$)|busiest|calls|last|average)\b|\?$/.test(
          lower,
        )) &&
      !/\d+ (?:requests?|calls?) (?:per|an?|each)\b|\b(?:limit|split|percent|send|shift|block|allow|allowed|may|route .* traffic|traffic to)\b|%|https?:/.test(
        lower,
      ))
  if (!asks) return undefined
  const node = /\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?\b/.exec(lower)?.[0]
  if (node) return { type: 'traffic', by: 'upstream', search: node, seconds: undefined }
  const by = /\b(?:status(?:es)?|status codes|codes)\b/.test(lower)
    ? 'status'
    : /\b(?:consumers?|clients?|users?|callers?|who)\b/.test(lower)
      ? 'consumer'
      : /\b(?:upstreams?|nodes?|backends?|servers?)\b/.test(lower)
        ? 'upstream'
        : 'route'
  const search =
    (/\b(?:did|does|do|has)\s+(?:the\s+)?(?:route\s+)?["'`]?([\w.-]+)["'`]?\s+(?:get|got|have|receive|take|serve|see)\b/i.exec(
      text,
    ) ?? /\b(?:of|on|for)\s+(?:the\s+)?(?:route\s+|consumer\s+)?["'`]?([\w.-]+)["'`]?\??$/i.exec(text))?.[1]
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
