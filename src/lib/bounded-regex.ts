// Regular expressions that no text can hold a thread with. They come from configurations, the texts from strangers, and V8's engine tries all ways
// to match: for `(a+)+$` and some forty letters that is hours.
//
// V8 has a second engine whose time grows only with the text. It is told to change over to that one when the first has gone back too often,
// which no ordinary expression does; the flag holds for the process, and so for every other expression in it too. The second engine
// knows no case folding, look-ahead, back-reference or large counts: case folding is written out (`[aA]`) where it can be; what it
// still cannot do, and could take long, runs under a timer and fails when its time is over.
import { setFlagsFromString } from 'node:v8'
import vm from 'node:vm'
import { isMainThread } from 'node:worker_threads'

// V8's flags are the process's: the main thread checks configurations, and so has set them, before it starts others.
if (isMainThread) {
  setFlagsFromString('--enable-experimental-regexp-engine-on-excessive-backtracks')
  // Lets an expression ask for the second engine by the flag `l`, which tells whether it can be had.
  setFlagsFromString('--enable-experimental-regexp-engine')
}

const TIME_LIMIT_MS = 100
/** Optional pieces double the ways to match: 2 ** 10 are tried in no time. */
const MAX_OPTIONAL = 10

/** Compiles an expression. Throws a SyntaxError when it is none; using it throws when it would take too long. */
export function boundedRegex(source: string, flags = ''): RegExp {
  const plain = new RegExp(source, flags)
  if (isLinear(source, flags) || isQuick(source)) return plain
  const written = flags.includes('i') ? withoutCase(source) : undefined
  const others = flags.replace('i', '')
  if (written !== undefined && isLinear(written, others)) return new RegExp(written, others)
  return new TimedRegExp(source, flags)
}

/** The same for the patterns of a JSON Schema; `code` is for schemas that Ajv would write to a file. */
export const BOUNDED_PATTERNS = Object.assign((pattern: string, flags: string) => boundedRegex(pattern, flags), {
  code: 'boundedRegex',
})

function isLinear(source: string, flags: string): boolean {
  try {
    return new RegExp(source, `${flags}l`) !== undefined
  } catch {
    return false // the second engine cannot take it
  }
}

/** True when nothing in it repeats. */
function isQuick(source: string): boolean {
  const bare = source
    .replace(/\\./gs, 'x')
    .replace(/\[[^\]]*\]/g, 'x')
    .replace(/\(\?/g, '(')
  return !/[*+{]/.test(bare) && (bare.match(/\?/g)?.length ?? 0) <= MAX_OPTIONAL
}

const CLASS = /\[(\^?)((?:\\.|[^\]])*)\]/g
const PIECE = new RegExp(`\\\\.|\\(\\?<[\\w$]+>|${CLASS.source}|[a-zA-Z]`, 'g')
/** What is no printable ASCII, letters by their codes, references, modifiers within. */
const UNTOLD = /[^\x20-\x7e]|\\[xucpPk\d]|\(\?[a-z-]+:/

/** The expression with both cases of each letter; undefined when it has something whose letters cannot be told. */
function withoutCase(source: string): string | undefined {
  if (UNTOLD.test(source)) return undefined
  // A range from or to an escaped character.
  for (const [, , members = ''] of source.matchAll(CLASS)) if (/-\\|\\.-/.test(members)) return undefined
  return source.replace(PIECE, (piece: string, not = '', members?: string) => {
    if (/^[a-zA-Z]$/.test(piece)) return `[${piece.toLowerCase()}${piece.toUpperCase()}]`
    return members === undefined ? piece : `[${not}${members}${otherMembers(members)}]`
  })
}

/** What the members of a class have in the other case: `A-F` letter by letter for `a-f\d`. */
function otherMembers(members: string): string {
  const ranges = members.matchAll(/(\\.)|([^\\])(?:-([^\\]))?/g)
  return [...ranges].map(([, escaped, from = '', to = from]) => (escaped ? '' : otherCase(from, to))).join('')
}

/** The letters of a range in the other case. */
function otherCase(from: string, to: string): string {
  let letters = ''
  for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code++) {
    const letter = String.fromCharCode(code)
    if (/[a-z]/.test(letter)) letters += letter.toUpperCase()
    else if (/[A-Z]/.test(letter)) letters += letter.toLowerCase()
  }
  return letters
}

type Match = RegExpExecArray | null

/** Runs `job` under the timer. Made by the first expression that needs it: it has a context of its own. */
let timed: ((job: () => Match) => Match) | undefined

function makeTimed(): (job: () => Match) => Match {
  const room: { job?: () => Match } = {}
  const context = vm.createContext({ run: () => room.job?.() })
  const script = new vm.Script('run()')
  return (job) => {
    room.job = job
    return script.runInContext(context, { timeout: TIME_LIMIT_MS }) as Match
  }
}

/** Tries of one match: the timer also counts time in which a busy machine gives this thread no processor. */
const MAX_TRIES = 3

/** Fails when a match takes too long. The timer is a thread of Node's own: some 0.1 ms for each use. */
class TimedRegExp extends RegExp {
  override exec(text: string): Match {
    timed ??= makeTimed()
    for (let tries = 1; ; tries++) {
      const before = process.threadCpuUsage()
      try {
        return timed(() => super.exec(text))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
        const { user, system } = process.threadCpuUsage(before)
        if (tries < MAX_TRIES && (user + system) / 1000 < TIME_LIMIT_MS / 2) continue
        throw new Error(
          `the regular expression ${this.source} needs more than ${TIME_LIMIT_MS} ms for ${text.length} characters: let its pieces not overlap`,
        )
      }
    }
  }
}
