// The arguments of a command: its own flags and words are taken out, what is left are settings (`--data-dir`, `--surface-listen`, ...).
import { CliError } from './error.ts'

export interface FlagSpec {
  /** `text` and `number` take a value, `list` may come several times, `switch` stands alone. */
  type: 'text' | 'number' | 'list' | 'switch'
  /** What help says of it. */
  about: string
}

export interface Arguments {
  words: string[]
  flags: Record<string, string | number | boolean | string[] | undefined>
  /** For the settings. */
  rest: string[]
}

/** Takes the flags of `spec` (without their dashes) and all words. Throws a CliError with exit code 2 for a flag without its value. */
export function takeArguments(argv: readonly string[], spec: Record<string, FlagSpec>): Arguments {
  const taken: Arguments = { words: [], flags: {}, rest: [] }
  for (let i = 0; i < argv.length; i++) {
    const [name, inline] = split(argv[i] as string)
    const flag = name === undefined ? undefined : spec[name]
    if (name === undefined) taken.words.push(argv[i] as string)
    else if (!flag) {
      taken.rest.push(argv[i] as string)
      // A setting's value follows it: no setting is a switch of its own.
      if (inline === undefined && i + 1 < argv.length) taken.rest.push(argv[++i] as string)
    } else if (flag.type === 'switch') taken.flags[name] = true
    else {
      const value = inline ?? argv[++i]
      if (value === undefined) throw new CliError(`--${name} needs a value`, 2)
      taken.flags[name] = toValue(name, flag, value, taken.flags[name])
    }
  }
  return taken
}

/** `--name=value` and `--name`; undefined for a word. A lone dash is a word: standard input. */
function split(argument: string): [string | undefined, string | undefined] {
  if (!argument.startsWith('--')) return [undefined, undefined]
  const at = argument.indexOf('=')
  return at < 0 ? [argument.slice(2), undefined] : [argument.slice(2, at), argument.slice(at + 1)]
}

function toValue(name: string, { type }: FlagSpec, value: string, before: unknown): string | number | string[] {
  if (type === 'list') return [...((before ?? []) as string[]), value]
  if (type === 'text') return value
  const number = Number(value)
  if (value.trim() === '' || !Number.isFinite(number))
    throw new CliError(`--${name} is a number, found ${JSON.stringify(value)}`, 2)
  return number
}
