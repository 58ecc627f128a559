// Reading and writing in a terminal or a pipe. Lines are read one at a time by whoever asks, so that an answer is never taken for a sentence;
// colours appear only on a terminal, and not when NO_COLOR is set.
import { createInterface } from 'node:readline'
import { styleText } from 'node:util'

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

export interface Terminal {
  /** Writes a prompt and waits for a line; undefined at the end of the input. */
  ask(prompt: string): Promise<string | undefined>
  print(text: string): void
  paint(style: Style, text: string): string
  close(): void
}

interface Streams {
  input: NodeJS.ReadableStream
  output: NodeJS.WritableStream & { isTTY?: boolean }
  /** Prompts and what is read are not shown: the output is for a program. */
  silent?: boolean
}

export function openTerminal({ input, output, silent = false }: Streams): Terminal {
  const echo = (text: string): void => void (silent || output.write(text))
  const coloured = output.isTTY === true && !process.env.NO_COLOR
  const reader = createInterface({
    input,
    output: output.isTTY && !silent ? output : undefined,
    terminal: output.isTTY === true && !silent,
  })
  const lines: string[] = []
  let waiting: ((line: string | undefined) => void) | undefined
  let ended = false
  reader.on('line', (line) => {
    if (waiting) {
      const give = waiting
      waiting = undefined
      give(line)
    } else {
      lines.push(line)
    }
  })
  reader.on('close', () => {
    ended = true
    waiting?.(undefined)
  })
  return {
    ask(prompt) {
      if (output.isTTY && !silent) {
        reader.setPrompt(prompt)
        reader.prompt()
      } else {
        echo(prompt)
      }
      if (lines.length || ended) {
        const line = lines.shift()
        if (!output.isTTY) echo(`${line ?? ''}\n`)
        return Promise.resolve(line)
      }
      return new Promise((resolve) => {
        waiting = (line) => {
          if (!output.isTTY) echo(`${line ?? ''}\n`)
          resolve(line)
        }
      })
    },
    print: (text) => void output.write(`${text}\n`),
    paint: (style, text) => (coloured ? styleText(style, text, { validateStream: false }) : text),
    close: () => reader.close(),
  }
}
