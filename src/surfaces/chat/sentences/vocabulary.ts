// The words that the built-in interpreter knows. What a sentence says beyond them, and beyond what its wishes took, is a name or was not understood:
// then nothing is done, so that `except`, `if` or `not` never goes unheard. A slip of the pen in a word of the gateway is put right.

/** Words of the gateway, which a slip of the pen may be meant for. */
const CORE =
  'should could would please without between instead require requires required protect secure allow limit limits limiting throttle cache caching cached block deny remove delete disable enable create publish expose import explain show list undo history traffic retry retries timeout timeouts redirect rewrite rename compress canary split route routes consumer consumers upstream upstreams service services plugin plugins request requests minute minutes second seconds hour hours header headers response responses version health metrics traffic prometheus certificate certificates everything every percent backend server password token concurrent simultaneous websockets prefix weight move change another what which show with from need path healthcheck maintenance'.split(
    ' ',
  )

const PLAIN =
  `everyone anyone anybody someone somebody nobody people person folks currently current really simply very much such thing things already average frontend endpoint endpoints there's that's it'll be being got getting come comes came coming goes going well his her their theirs him he she they whose whom dont requirement setting settings config configuration somehow anywhere running passing before allowed reachable accessible callable usable usage bit say valid react vue angular node express flask django spring rails laravel python java mobile low high app apps often number private security rest better hmm slow long short big large secure safe proper
  results result content contents data output info attempt attempts
  i've we've you've they've i'll we'll you'll he's she's let's here's what's who's isn't should've able own whole entire nice little small simple quick properly correctly somewhere otherwise anything something stuff side
  sends sending hook hooked end ends ended land lands arrive arrives carry carries contain contains support supports supported supporting provide provides provided belong belongs live lives sit sits stand stands
  visit visits visitor visitors reach reaches talk talks speak speaks listens listen hosted deployed running exposed published served protected secured cached limited compressed logged returned forwarded redirected mapped
  deal handle handles handled handling hitting receive receives received receiving seen look looks means meant basically quite rather pretty however therefore because since
  zero two three four five six seven eight nine ten everywhere promote a an the this that it its it's them these those there here my our your we i i'd i'm me us you one ones
  to of on at in for from by with as into onto over under below via through per each and or then also too plus so now please kindly just again still
  is are be being do does must should shall can could will would may let lets let's make makes made want wants wanted need needs have has had get gets give gives put set sets use uses using try
  add adds added new old second third more most less than at least up about like called named name value values whatever both together altogether overall
  ask asks asking demand demands lock locks locked down authenticate authentication auth authorization who what which calling calls call caller callers access reach api apis
  key keys api-key key-auth jwt jwts bearer tokens json web check checks verify validate accept accepts only user users username client clients customer customers address addresses ip ips
  cap quota quotas rate rates throttling max maximum most no-more times time hit hits req reqs query queries message messages seconds sec secs min mins hr hrs day days week ms milliseconds s m h d once twice evenly smooth smoothly steady burst bursts total globally shared everybody value window
  concurrently simultaneously same parallel flight remember answer answers answered give-up up wait waits after within read send connect connection connections
  break breaker circuit failure failures error errors fails open opens pause
  gzip compression compressing web sockets websocket socket id ids trace correlation attach include pass tell host hostname domain strip strips cut path paths uri uris url urls replace map sent
  cors cross-origin cross origin origins sites browsers browser credentials cookies cookie
  force https http permanently permanent code mock mocks mocking respond reply return returns always status body text says saying
  front gateway behind proxy forward forwards serve serves served serving put mapping traffic calls all any off on back online offline again turn turns switch switches take takes taken bring back stop stops stopping lift drop drops away rid hide hides keep out longer
  node nodes instance instances replica replicas copy copies balance balancing load spread distribute healthy alive heart beat heartbeat ping live checking
  share half quarter tenth hundred thousand beside new release rollout roll out finish complete end abort cancel whole fully completely grow increase raise lower reduce shift
  document documents openapi swagger description spec chat chatgpt claude assistant model models agent agents mcp llm tool tools offer available
  ban bans refuse refuses reject rejects forbid forbidden bots bot crawler crawlers spiders spider scrapers referer referers referrer referrers blacklist whitelist permit permits restrict restricts containing contain contains shut
  collect collects count counts counting activate deactivate run runs record collecting enabled disabled
  read-only readonly method methods gets instead different point points lead leads label desc redirecting limited rate-limit rate-limiting rate-limited basic basic-auth login authentication names issue register hand rotate renew regenerate fresh group
  be right thanks thank hello hey ok okay pls resume reactivate take-down down cancel drain retire
  go v2 confirm confirmed permanent change changes value itself own requests' user-agent user-agents ua request-id web-socket rewriting replies visible place places port ports balanced redirects`
    .split(/\s+/)
    .filter(Boolean)

const KNOWN: ReadonlySet<string> = new Set([...CORE, ...PLAIN])

export function isKnown(word: string): boolean {
  return KNOWN.has(word) || stemsOf(word).some((one) => one.length > 2 && KNOWN.has(one))
}

/** `forwarding`, `gzipped`, `sends`: forms of a word. */
function stemsOf(word: string): string[] {
  const [, stem] = /^([a-z]+?)(?:s|es|ed|ing)$/.exec(word) ?? []
  return stem === undefined ? [] : [stem, `${stem}e`, stem.replace(/(.)\1$/, '$1')]
}

/** Words of a sentence that mean nothing here: not names after `route` or `on`, not paths, addresses or numbers. */
export function unknownWords(sentence: string): string[] {
  const words = sentence.toLowerCase().match(/(?<=^|[\s"'(])[a-z][a-z'-]*(?=$|[\s"'),.;:?!])/g) ?? []
  const names = new Set(words.filter((_, i) => NAMING.test(words[i - 1] ?? '')))
  return [...new Set(words)].filter((one) => !KNOWN.has(one) && !names.has(one)).slice(0, 8)
}

/** Shorter words have too many neighbours. */
const MIN_CORRECTED = 4
/** Words after which a name stands, which is nobody's slip. */
const NAMING =
  /^(?:routes?|consumers?|services?|upstreams?|plugin|called|named|user|client|target|host|header|cookie|on|of)$/

/** A sentence with slips in words of the gateway put right. Names, addresses, paths and what stands in quotes or braces stay. `names`: of routes. */
export function corrected(text: string, names: readonly string[] = []): string {
  const taken = new Set(names.map((one) => one.toLowerCase()))
  let before = ''
  let quoted = false
  return text
    .split(' ')
    .map((piece) => {
      const follows = before
      before = piece.toLowerCase()
      if (/^["'`{[]/.test(piece)) quoted = true
      const kept = quoted || !/^[a-z]+$/.test(piece) || NAMING.test(follows)
      if (/["'`}\]]$/.test(piece)) quoted = false
      if (kept || piece.length < MIN_CORRECTED || KNOWN.has(piece) || taken.has(piece)) return piece
      const near = CORE.filter((one) => isOneSlip(piece, one))
      before = near[0] ?? before
      return near[0] !== undefined && near.every((one) => one.startsWith(near[0]?.slice(0, 4) as string))
        ? near[0]
        : piece
    })
    .join(' ')
}

/** Whether a name was meant by a word that is not quite it; of short ones nothing is a slip. */
export function isSlipOf(word: string, name: string): boolean {
  return name.length > MIN_CORRECTED && isOneSlip(word, name)
}

/** Two letters that changed places, as in `waht`: of a short word nothing else is a slip. */
function isSwapped(written: string, meant: string): boolean {
  const at = [...written].findIndex((one, i) => one !== meant[i])
  return at >= 0 && written === `${meant.slice(0, at)}${meant[at + 1]}${meant[at]}${meant.slice(at + 2)}`
}

/** One letter too much, missing or wrong, or two that changed places. */
function isOneSlip(written: string, meant: string): boolean {
  if (Math.abs(written.length - meant.length) > 1 || meant.length < MIN_CORRECTED) return false
  if (meant.length === MIN_CORRECTED) return isSwapped(written, meant)
  let at = 0
  while (at < written.length && written[at] === meant[at]) at++
  const [left, right] = [written.slice(at), meant.slice(at)]
  if (written.length === meant.length)
    return (
      left.slice(1) === right.slice(1) ||
      (left.slice(2) === right.slice(2) && left[0] === right[1] && left[1] === right[0])
    )
  return left.length > right.length ? left.slice(1) === right : right.slice(1) === left
}
