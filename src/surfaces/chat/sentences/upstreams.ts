// Sentences about where requests go: new versions, shares, nodes, health.
import { pathsIn, type Recogniser, spanIn, toDigits, urlIn } from './clause.ts'

const VERSION =
  /\b(?:canary|split|new version|version 2|v2|beside the old|share|percent|new one|new backend|new release)\b|%/

const finish: Recogniser = ({ text, lower }) => {
  if (urlIn(text)) return undefined
  const all = /\b(?:all|everything|100 ?%|100 percent|whole|fully|completely)\b/.test(lower)
  if (
    /\b(?:finish|complete|end|conclude)\b.*\b(?:canary|split|rollout|roll-out)\b/.test(lower) ||
    /\broll (?:it |the new version )?out\b/.test(lower)
  )
    return { do: 'finish_split', keep: /\bold\b/.test(lower) ? 'old' : 'new' }
  if (/\bpromote the (?:canary|new version)\b/.test(lower)) return { do: 'finish_split', keep: 'new' }
  if (all && /\bnew (?:version|one|backend|release)\b/.test(lower)) return { do: 'finish_split', keep: 'new' }
  if (
    /\b(?:back to|only|keep|all|everything)\b.*\bold (?:version|one|backend)\b|\b(?:abort|cancel|stop|remove|drop|roll back|undo) the (?:canary|split|new version)\b/.test(
      lower,
    )
  )
    return { do: 'finish_split', keep: 'old' }
  return undefined
}

const split: Recogniser = ({ text, lower }) => {
  const url = urlIn(text)
  const words = toDigits(lower)
  const percent = /\b(\d{1,3})\s*(?:%|percent)/.exec(words)?.[1] ?? share(words)
  if (!url) return regrow(lower, percent)
  const condition = conditionIn(text)
  if (!VERSION.test(lower) && !condition && percent === undefined) return undefined
  if (!condition && percent === undefined) return { do: 'split', url, percent: 10 }
  return { do: 'split', url, ...(percent === undefined ? {} : { percent: Number(percent) }), ...condition }
}

/** Another share for a new version that is there: `send 30% to v2`. */
function regrow(lower: string, percent: string | undefined): ReturnType<Recogniser> {
  const about = /\b(?:canary|split|new (?:version|one|backend|release)|v2|version 2)\b/.test(lower)
  const moves =
    /\b(?:send|split|increase|grow|raise|lower|reduce|set|change|make|give|put|route|move|shift|turn)\b/.test(lower)
  const relative = /\b(?:more|less|by)\b/.test(lower)
  return percent !== undefined && about && moves && !relative ? { do: 'split', percent: Number(percent) } : undefined
}

/** Shares in words: `a tenth`, `half`, `a quarter`, `every tenth request`, `one in ten`. */
function share(words: string): string | undefined {
  if (/\bhalf\b/.test(words)) return '50'
  if (/\ba quarter\b/.test(words)) return '25'
  if (/\btenth\b/.test(words)) return '10'
  const [, one, of] = /\b(\d+) (?:in|of|out of)(?: every)? (\d+)\b/.exec(words) ?? []
  return one && of ? String(Math.round((100 * Number(one)) / Number(of))) : undefined
}

function conditionIn(text: string): { header: string; value: string } | { cookie: string; value: string } | undefined {
  const header =
    /\bheader\s+["'`]?([\w-]+)["'`]?\s*(?:is|=|:|equals|of|set to|being)\s*["'`]?([\w.-]+)/i.exec(text) ??
    /\b(x-[\w-]+)["'`]?\s*(?:is|=|:|equals)\s*["'`]?([\w.-]+)/i.exec(text)
  if (header) return { header: header[1] as string, value: header[2] as string }
  const cookie = /\bcookie\s+["'`]?([\w-]+)["'`]?\s*(?:is|=|:|equals|of)\s*["'`]?([\w.-]+)/i.exec(text)
  return cookie ? { cookie: cookie[1] as string, value: cookie[2] as string } : undefined
}

const NODE = /\b(?:nodes?|backends?|servers?|instances?|replicas?|copies|copy)\b/

const nodes: Recogniser = ({ text, lower }) => {
  if (!NODE.test(lower)) return undefined
  const url = urlIn(text) ?? urlIn(/((?:[a-z0-9-]+\.)*[a-z0-9-]+:\d{2,5})/i.exec(text)?.[1] ?? '')
  if (!url) return undefined
  if (/\b(?:remove|drop|take out|take away|drain|delete|retire)\b/.test(lower)) return { do: 'remove_node', url }
  const weight = (/\bweight\s+(?:of\s+|to\s+)?(\d+)\b(?!\.)/.exec(lower) ?? /\bweight\b.*\bto (\d+)$/.exec(lower))?.[1]
  return /\b(?:add|another|second|third|more|also|balance|new|set|give)\b/.test(lower)
    ? { do: 'add_node', url, ...(weight ? { weight: Number(weight) } : {}) }
    : undefined
}

const balance: Recogniser = ({ text, lower }) => {
  if (!/\b(?:load[ -]?balance|balance|spread|distribute)\b/.test(lower)) return undefined
  const url = urlIn(text)
  return url ? { do: 'add_node', url } : undefined
}

const HEALTH =
  /\bhealth\w*\b|\bheart ?beat\b|\bcheck (?:that|whether|if) (?:it|the (?:node|backend|api|server)s?) (?:is|are) (?:alive|up)\b/

const health: Recogniser = ({ text, lower }) => {
  if (!HEALTH.test(lower.replace(/\/\S+/g, ' ')) || /\b(?:remove|stop|disable|without)\b/.test(lower)) return undefined
  const path =
    /\b(?:at|on|with|using|via|under|against|path|ping\w*|call\w*)\s+["'`]?(\/[^\s"'`,;]*)/i.exec(text)?.[1] ??
    pathsIn(text).find((one) => /health|ping|status|ready|live/.test(one))
  const every = /\bevery\b/.test(lower)
    ? spanIn(lower.slice(lower.indexOf('every')).replace(/every (?=second|minute)/, 'every 1 '))
    : undefined
  return {
    intent: { do: 'health_checks', ...(path ? { path } : {}), ...(every ? { seconds: every } : {}) },
    own: path ? [path] : [],
  }
}

/** Another place for all requests of a route: `point orders to http://...`. */
const lead: Recogniser = ({ text, lower }) => {
  const url = urlIn(text)
  const asks =
    /^(?:point|lead|switch|move)\b.*\b(?:to|at)\b/.test(lower) ||
    /\b(?:change|set|replace|move|switch)\b.*\b(?:upstream|backend|address|target|origin|server)s?\b.*\b(?:to|with|by)\b/.test(
      lower,
    )
  return url && asks && !VERSION.test(lower) && !/\bweight\b/.test(lower) ? { do: 'lead_to', url } : undefined
}

export const upstreamRecognisers: readonly Recogniser[] = [finish, health, lead, nodes, balance, split]
