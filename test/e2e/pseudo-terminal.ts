// The chat in a pseudo-terminal, as a person has it: `script` gives the terminal, `stty` its size.
import { spawn, spawnSync } from 'node:child_process'
import { needs } from '../needs.ts'
import { BIN } from './process.ts'

/** For tests that need one. */
export const PTY = { ...needs('script', 'bsdutils'), timeout: 30_000 }

/** The prompt on a line of its own, as readline writes it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how it is written
export const PROMPT = /\n\u001b\[1G\u001b\[0J> /

export interface Screen {
  /** What came until the pattern, with it; the next call goes on behind it. */
  until(pattern: RegExp): Promise<string>
  type(keys: string): void
  resize(columns: number): void
  /** The exit code, once the chat has ended. */
  ended: Promise<number | null>
}

/** `gateward chat` in a terminal of `columns`; killed by `after`. */
export function chatIn(columns: number, env: NodeJS.ProcessEnv, after: (done: () => void) => void): Screen {
  const command = `stty cols ${columns} && tty && exec ${process.execPath} ${BIN} chat`
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, TERM: 'xterm', ...env },
  })
  after(() => child.kill('SIGKILL'))
  let shown = ''
  let read = 0
  let arrived = (): void => {}
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk
    arrived()
  })
  return {
    ended: new Promise((resolve) => child.once('exit', resolve)),
    type: (keys) => child.stdin.write(keys),
    resize: (to) => {
      const [tty = ''] = /\/dev\/pts\/\d+/.exec(shown) ?? []
      spawnSync('stty', ['-F', tty, 'cols', String(to)])
    },
    until: async (pattern) => {
      for (;;) {
        const text = shown.slice(read)
        const found = pattern.exec(text)
        if (found) {
          read += found.index + found[0].length
          return text.slice(0, found.index + found[0].length)
        }
        await new Promise<void>((resolve) => {
          arrived = resolve
        })
      }
    },
  }
}
