// Sentences about where requests go: new versions, shares, nodes, health.
import { conditionIn, pathsIn, type Recogniser, urlIn, urlsIn, weightOf } from './clause.ts'
import { spanIn, toDigits } from './numbers.ts'
import { isKnown } from './vocabulary.ts'

const VERSION =
  /\b(?:canary|split|new version|version 2|v2|beside the old|share|percent|new one|new backend|new release)\b|%/

/** Whether a newer version is spoken of; a name of a host or a path says nothing. */
function speaksOfVersions(lower: string): boolean {
  return VERSION.test(lower.replace(/\b[a-z]+:\/\/\S+|\b[a-z0-9.-]+:\d{2,5}\b|(?:^|\s)\/\S*/g, ' '))
}

const finish: Recogniser = ({ text, lower }) => {
  if (urlIn(text)) return undefined
  if (
    /^(?:(?:send |move |switch )?(?:everything|all of it|all traffic|the rest)(?: too| now)?|100 ?%|100 percent)$/.test(
      lower,
    )
  )
    return { intent: { do: 'finish_split', keep: 'new' }, heard: ['100', 'rest'] }
  const all = /\b(?:all|everything|100 ?%|100 percent|whole|fully|completely)\b/.test(lower)
  if (
    /\b(?:finish|complete|conclude)\b.*\b(?:canary|split|rollout|roll-out)\b/.test(lower) ||
    /\bend\b.*\b(?:canary|split|rollout|roll-out)\b.*\b(?:old|new)\b/.test(lower) ||
    /\broll (?:it |the new version )?out\b/.test(lower)
  )
    return { do: 'finish_split', keep: /\bold\b/.test(lower) ? 'old' : 'new' }
  if (
    /\b(?:promote|ship) (?:the )?(?:canary|new version|green)\b|\b(?:canary|new version)\b.*\b(?:promote|ship|100 ?%|100 percent)\b/.test(
      lower,
    )
  )
    return {
      intent: { do: 'finish_split', keep: 'new' },
      heard: ['looks', 'good', 'fine', 'stable', 'works', 'ship', '100'],
    }
  if (all && /\bnew (?:version|one|backend|release)\b/.test(lower)) return { do: 'finish_split', keep: 'new' }
  if (
    /\b(?:back to|only|keep|all|everything)\b.*\bold (?:version|one|backend)\b|\b(?:abort|cancel|stop|remove|drop|roll back|undo) the (?:canary|split|new version)\b|\broll(?:ed)?\b.*\b(?:canary|split|new version)\b.*\bback\b/.test(
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
  const heard = ['start', 'current', 'between', 'deployment', 'if', 'when']
  if (!url) return regrow(lower, percent)
  const condition = conditionIn(text)
  if (!speaksOfVersions(lower) && !condition && percent === undefined) return undefined
  if (condition && 'query' in condition) return undefined
  if (!condition && percent === undefined) return { intent: { do: 'split', url, percent: 10 }, heard }
  return {
    intent: { do: 'split', url, ...(percent === undefined ? {} : { percent: Number(percent) }), ...condition },
    heard,
  }
}

/** Another share for a new version that is there: `send 30% to v2`. */
function regrow(lower: string, percent: string | undefined): ReturnType<Recogniser> {
  const about = /\b(?:canary|split|new (?:version|one|backend|release)|v2|version 2)\b/.test(lower)
  const moves =
    /\b(?:send|split|increase|grow|raise|lower|reduce|set|change|make|give|put|route|move|shift|turn|go)\b/.test(lower)
  const relative = /\b(?:more|less|by)\b/.test(lower)
  return percent !== undefined && about && moves && !relative ? { do: 'split', percent: Number(percent) } : undefined
}

/** Shares in words: `a tenth`, `half`, `a quarter`, `every tenth request`, `one in ten`. */
function share(words: string): string | undefined {
  if (/\bhalf\b/.test(words)) return '50'
  if (/\ba quarter\b/.test(words)) return '25'
  if (/\btenth\b/.test(words)) return '10'
  const [, old, fresh] = /\b(\d{1,2})\s*[/:]\s*(\d{1,2})\b/.exec(words) ?? []
  if (old && fresh && Number(old) + Number(fresh) === 100) return fresh
  const [, one, of] = /\b(\d+) (?:in|of|out of)(?: every)? (\d+)\b/.exec(words) ?? []
  return one && of ? String(Math.round((100 * Number(one)) / Number(of))) : undefined
}

const NODE = /\b(?:nodes?|backends?|servers?|instances?|replicas?|copies|copy|hosts?|upstreams?)\b/
const TAKEN_OUT =
  /\b(?:remove|drop|take out|take away|drain|delete|retire|kick out|stop (?:sending|routing|using)|no longer send)\b|\btake\b.*\bout\b/

const nodes: Recogniser = ({ text, lower }) => {
  const urls = urlsIn(text)
  const [url] = urls
  if (!url || pathsIn(text).length > 1) return undefined
  const [, other] = urls
  if (other && urls.length === 2 && /^(?:replace|swap|exchange|substitute)\b.*\b(?:by|with|for|against)\b/.test(lower))
    return {
      intent: { do: 'add_node', url: other },
      more: [{ do: 'remove_node', url }],
      heard: ['swap', 'exchange', 'substitute', 'against'],
    }
  if (TAKEN_OUT.test(lower) && !/\b(?:log|logs|cors|mirror|redirect)\b/.test(lower))
    return {
      intent: { do: 'remove_node', url },
      more: urls.slice(1).map((one) => ({ do: 'remove_node', url: one })),
      heard: ['rotation', 'pool'],
    }
  const digits = toDigits(lower)
  const weights = urls.map((one) => weightOf(one, text) ?? weightOf(one.toLowerCase(), digits))
  const all = /\bweight\s+(?:of\s+|to\s+)?(\d+)\b(?!\.)/.exec(digits) ?? /\bweight\b.*\bto (\d+)$/.exec(digits)
  const weighted = weights.some((one) => one !== undefined)
  if (!NODE.test(lower) && !weighted) return undefined
  if (!weighted && !/\bput\b.*\binto\b|\b(?:add|another|second|third|more|also|balance|new|set|give)\b/.test(lower))
    return undefined
  if (
    /\b(?:new|change)\b.*\b(?:version|release)\b|\b(?:set|change)\b.*\b(?:backend|upstream|address|server)s? (?:of|for|to)\b/.test(
      lower,
    ) &&
    !all
  )
    return undefined
  const [intent, ...more] = urls.map((one, i) => {
    const weight = weights[i] ?? (urls.length === 1 && all ? Number(all[1]) : undefined)
    return { do: 'add_node', url: one, ...(weight === undefined ? {} : { weight }) }
  })
  return intent && { intent, more, heard: ['rotation', 'pool'] }
}

const ALGORITHMS: [RegExp, object][] = [
  [/\bleast[ -_](?:conn\w*|connections?)\b|\bfewest connections\b/, { type: 'least_conn' }],
  [/\bewma\b|\b(?:fastest|lowest latency)\b/, { type: 'ewma' }],
  [/\bround[ -]?robin\b/, { type: 'roundrobin' }],
  [
    /\b(?:sticky|session affinity|consistent hash\w*|chash|hash(?:ing)?|same (?:server|backend|node))\b/,
    { type: 'chash' },
  ],
]

const algorithm: Recogniser = ({ text, lower }) => {
  const found = ALGORITHMS.find(([pattern]) => pattern.test(lower))
  if (!found || urlIn(text)) return undefined
  const heard =
    'sticky session sessions affinity consistent hash hashing chash least conn least_conn fewest ewma fastest lowest latency round robin round-robin roundrobin algorithm balancer based ip'.split(
      ' ',
    )
  const cookie = /\bcookie\s+["'`]?([\w-]+)/i.exec(text)?.[1]
  const header = /\bheader\s+["'`]?([\w-]+)/i.exec(text)?.[1] ?? /\b(x-[\w-]+)(?:\s+header)?\b/i.exec(text)?.[1]
  const by = cookie ? { by: `cookie:${cookie}` } : header ? { by: `header:${header}` } : {}
  return { intent: { do: 'balance', ...found[1], ...by }, heard }
}

const balance: Recogniser = ({ text, lower }) => {
  if (!/\b(?:load[ -]?balance|balance|spread|distribute)\b/.test(lower) || pathsIn(text).length) return undefined
  const [intent, ...more] = urlsIn(text).map((one) => ({ do: 'add_node', url: one }))
  return intent && { intent, more, heard: ['between', 'across'] }
}

const HEALTH =
  /^(?:checks?|probe|ping|poll)\b.*\bevery (?:\d|second|minute)|\bhealth\w*\b|\bheart ?beat\b|\bcheck (?:that|whether|if) (?:it|the (?:node|backend|api|server)s?) (?:is|are) (?:alive|up)\b/

const health: Recogniser = ({ text, lower }) => {
  if (
    !HEALTH.test(lower.replace(/\/\S+/g, ' ')) ||
    /\b(?:remove|stop|disable|without|off|drop|no|not|delete)\b/.test(lower)
  )
    return undefined
  const path =
    /\b(?:at|on|with|using|via|under|against|path|ping\w*|call\w*)\s+["'`]?(\/[^\s"'`,;]*)/i.exec(text)?.[1] ??
    pathsIn(text).find((one) => /health|ping|status|ready|live/.test(one))
  const every = /\bevery\b/.test(lower)
    ? spanIn(lower.slice(lower.indexOf('every')).replace(/every (?=second|minute)/, 'every 1 '))
    : undefined
  return {
    intent: { do: 'health_checks', ...(path ? { path } : {}), ...(every ? { seconds: every } : {}) },
    own: path ? [path] : [],
    heard: ['probe', 'probes'],
  }
}

/** `catalog should go to upstream orders-pool`: one that is there. */
const toUpstream: Recogniser = ({ text, lower }) => {
  if (urlIn(text) || /%|percent|\b(?:canary|split|weight|version|retry|node)\b/.test(lower)) return undefined
  const upstream = /\b(?:to|at|use|uses|onto|with|by)\s+(?:the\s+)?upstream\s+["'`]?([\w.-]+)/i.exec(text)?.[1]
  const asks =
    /\b(?:point|lead|leads|switch|move|send|route|go|goes|use|uses|direct|connect|attach|put|forward|change|set|balance)\b/
  return upstream &&
    !isKnown(upstream.toLowerCase()) &&
    asks.test(lower) &&
    !pathsIn(text).length &&
    !/^(?:create|add|make|new|publish|expose)\b/.test(lower)
    ? { intent: { do: 'lead_to', upstream }, heard: ['instead', 'direct', 'attach', 'connect'] }
    : undefined
}

/** Another place for all requests of a route: `point orders to http://...`. */
const lead: Recogniser = ({ text, lower }) => {
  const url = urlIn(text)
  const asks =
    /\b(?:moved|relocated|migrated) (?:over )?to\b|\bnow (?:runs|lives|listens) (?:at|on|under)\b/.test(lower) ||
    /^(?:point|lead|switch|move|cut|shift|direct|flip)\b.*\b(?:to|at)\b/.test(lower) ||
    /\b(?:use|run|runs)\b.*\b(?:now|instead)\b|\b(?:send|route) (?:all|everything)\b.*\b(?:to|at)\b.*\b(?:instead|now)\b/.test(
      lower,
    ) ||
    /\b(?:change|set|replace|move|switch|swap|exchange)\b.*\b(?:upstream|backend|address|target|origin|server)s?\b.*\b(?:to|with|by|for|against)\b/.test(
      lower,
    )
  return url && asks && !speaksOfVersions(lower) && !/\bweight\b/.test(lower)
    ? {
        intent: { do: 'lead_to', url },
        heard: [
          'moved',
          'relocated',
          'migrated',
          'swap',
          'exchange',
          'against',
          'deployment',
          'green',
          'blue',
          'cut',
          'shift',
          'flip',
          'direct',
          'entirely',
          'environment',
        ],
      }
    : undefined
}

export const upstreamRecognisers: readonly Recogniser[] = [
  finish,
  health,
  lead,
  toUpstream,
  split,
  algorithm,
  nodes,
  balance,
]
