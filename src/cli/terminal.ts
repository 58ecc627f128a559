// Reading and writing in a terminal or a pipe. Lines are read one at a time by whoever asks, so that an answer is never taken for a sentence.
// On a terminal: a prompt, editing, history, completion, a line that says what is being done; Ctrl-C and Ctrl-D in answer to a question mean no.
// In a pipe: no prompt and no echo of sentences. Colours only on a terminal that has them, unless NO_COLOR or FORCE_COLOR say otherwise.
import { createInterface, type Interface } from 'node:readline'
import { styleText } from 'node:util'
import { describeFileError } from '../lib/system-error.ts'
import { WordFlow } from './flow.ts'
import { MAX_HISTORY_LINES, mayKeep, readHistory, writeHistory } from './line-history.ts'

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

export interface Terminal {
  /** A person sits here: input and output are a terminal. */
  readonly interactive: boolean
  /** Width of what is shown; Infinity in a pipe that names none (COLUMNS). */
  readonly columns: number
  /** True after the last line of the input. */
  readonly ended: boolean
  /** What Ctrl-C does while nothing is asked; without it, it leaves. */
  onInterrupt: (() => void) | undefined
  /** Waits for a sentence; undefined at the end of the input. */
  read(prompt: string): Promise<string | undefined>
  /** Asks a question and waits for a line; undefined when there is none. */
  ask(question: string): Promise<string | undefined>
  print(text: string): void
  /** Text as it comes, without a line break. */
  write(text: string): void
  /** Text for people as it comes, wrapped at words on a terminal; `end` says that nothing follows on its line. */
  flow(text: string): void
  end(): void
  /** Says on a terminal what is being done, until something else is printed. */
  status(text: string): void
  paint(style: Style, text: string): string
  close(): void
}

interface Streams {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  output: NodeJS.WritableStream & { isTTY?: boolean; columns?: number }
  /** Questions and what is read are not shown: the output is for a program. */
  silent?: boolean
  /** File with the lines of earlier runs. */
  historyFile?: string
  /** Words that Tab completes at the beginning of a line. */
  words?: readonly string[]
}

const CLEAR_LINE = '\r\u001b[K'
const FRAMES = /utf-?8/i.test(process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || '')
  ? ['⠋', '⠙', '⠸', '⠴', '⠦', '⠇']
  : ['|', '/', '-', '\\']
const FRAME_MS = 120

type Give = (line: string | undefined) => void

export function openTerminal(streams: Streams): Terminal {
  return new StreamTerminal(streams)
}

class StreamTerminal implements Terminal {
  readonly interactive: boolean
  ended = false
  onInterrupt: (() => void) | undefined
  readonly #streams: Streams
  readonly #coloured: boolean
  readonly #lines: string[] = []
  readonly #flow = new WordFlow(() => this.columns)
  #reader: Interface
  #waiting: { give: Give; question: boolean } | undefined
  #spinner: NodeJS.Timeout | undefined
  #closed = false
  #keepsNothing = false

  constructor(streams: Streams) {
    this.#streams = streams
    this.interactive = streams.input.isTTY === true && streams.output.isTTY === true && !streams.silent
    this.#coloured = hasColours(streams.output)
    this.#reader = this.#open()
  }

  get columns(): number {
    return this.#streams.output.columns || Number(process.env.COLUMNS) || Number.POSITIVE_INFINITY
  }

  read(prompt: string): Promise<string | undefined> {
    if (this.interactive) this.#prompt(prompt)
    return this.#next(false)
  }

  async ask(question: string): Promise<string | undefined> {
    if (this.interactive) {
      this.#prompt(question)
      return this.#next(true)
    }
    const { silent, output } = this.#streams
    if (!silent) output.write(question)
    const line = await this.#next(true)
    if (!silent) output.write(`${line ?? ''}\n`)
    return line
  }

  print(text: string): void {
    this.write(`${text}\n`)
  }

  write(text: string): void {
    this.#stopSpinner()
    this.#streams.output.write(text)
  }

  flow(text: string): void {
    this.write(this.#flow.take(text))
  }

  end(): void {
    this.write(this.#flow.end())
  }

  status(text: string): void {
    // A model's call may be told of after the question that it led to: the question stays.
    if (!this.interactive || this.#waiting || process.env.TERM === 'dumb') return
    this.#stopSpinner()
    let frame = 0
    const draw = (): void =>
      void this.#streams.output.write(
        `${CLEAR_LINE}${this.paint('dim', `${FRAMES[frame++ % FRAMES.length]} ${text.slice(0, this.columns - 3)}`)}`,
      )
    draw()
    this.#spinner = setInterval(draw, FRAME_MS)
  }

  paint(style: Style, text: string): string {
    return this.#coloured ? styleText(style, text, { validateStream: false }) : text
  }

  close(): void {
    this.#stopSpinner()
    this.#closed = true
    this.#reader.close()
  }

  #prompt(text: string): void {
    this.#stopSpinner()
    this.#reader.setPrompt(text)
    this.#reader.prompt()
  }

  #next(question: boolean): Promise<string | undefined> {
    // At a terminal what came before the question is no answer to it: pasted lines are sentences, and wait.
    const pasted = question && this.interactive
    if (this.ended || (this.#lines.length && !pasted)) return Promise.resolve(pasted ? undefined : this.#lines.shift())
    return new Promise((give) => {
      this.#waiting = { give, question }
    })
  }

  #give(line: string | undefined): void {
    const { give } = this.#waiting ?? {}
    this.#waiting = undefined
    give?.(line)
  }

  #open(): Interface {
    const { input, output, historyFile, words = [] } = this.#streams
    const reader = createInterface({
      input,
      output: this.interactive ? output : undefined,
      terminal: this.interactive,
      history: this.interactive && historyFile ? readHistory(historyFile) : [],
      historySize: MAX_HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string) => [line ? words.filter((word) => word.startsWith(line)) : [...words], line],
    })
    reader.on('line', (line) => {
      if (this.#waiting) this.#give(line)
      else this.#lines.push(line)
    })
    reader.on('history', (history: string[]) => {
      if (this.#waiting?.question || !mayKeep(history[0] ?? '')) history.shift()
      else this.#keep(history)
    })
    reader.on('SIGINT', () => this.#interrupt())
    reader.on('close', () => this.#atEnd())
    return reader
  }

  /** A full disk ends the keeping, not the conversation. */
  #keep(history: readonly string[]): void {
    const { historyFile } = this.#streams
    if (!historyFile || this.#keepsNothing) return
    try {
      writeHistory(historyFile, history)
    } catch (error) {
      this.#keepsNothing = true
      const reason = describeFileError(error as NodeJS.ErrnoException) ?? (error as Error).message
      this.print(this.paint('yellow', `what is said from now on is not kept for the arrow keys: ${reason}`))
    }
  }

  #interrupt(): void {
    if (this.#waiting?.question) {
      this.write('\n')
      this.#give(undefined)
    } else if (this.#waiting && this.#reader.line) {
      this.#reader.write(null, { ctrl: true, name: 'e' })
      this.#reader.write(null, { ctrl: true, name: 'u' })
    } else if (!this.#waiting && this.onInterrupt) this.onInterrupt()
    else this.#reader.close()
  }

  /** Ctrl-D closes the reader: in answer to a question that is a no, and the conversation goes on. */
  #atEnd(): void {
    if (this.interactive && !this.#closed && this.#waiting?.question) {
      this.write('\n')
      this.#reader = this.#open()
    } else this.ended = true
    this.#give(undefined)
  }

  #stopSpinner(): void {
    if (!this.#spinner) return
    clearInterval(this.#spinner)
    this.#spinner = undefined
    this.#streams.output.write(CLEAR_LINE)
  }
}

/** https://no-color.org, https://force-color.org */
function hasColours(output: { isTTY?: boolean }): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env
  if (NO_COLOR) return false
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return output.isTTY === true && TERM !== 'dumb'
}
