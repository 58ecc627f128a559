// Text that comes in pieces, wrapped at words: the last word of a piece waits until it is whole. What is longer than a line is left to the
// terminal, so that an address can still be copied.
import { widthOf } from './width.ts'

export class WordFlow {
  readonly #columns: () => number
  #column = 0
  #gap = ''
  #word = ''
  #indent = ''

  /** `columns` is asked for each word: a terminal may change its size. */
  constructor(columns: () => number) {
    this.#columns = columns
  }

  /** What can be written of the text so far. */
  take(text: string): string {
    let out = ''
    for (const [piece] of text.matchAll(/\n| +|[^ \n]+/g)) {
      if (piece === '\n') out += `${this.end()}\n`
      else if (piece.startsWith(' ')) {
        out += this.#flush()
        this.#gap += piece
      } else this.#word += piece
    }
    return out
  }

  /** The rest of the line; the next text begins a new one. */
  end(): string {
    const rest = this.#flush()
    this.#gap = ''
    this.#column = 0
    return rest
  }

  #flush(): string {
    if (!this.#word) return ''
    const [gap, word, width] = [this.#gap, this.#word, widthOf(this.#word)]
    this.#gap = ''
    this.#word = ''
    if (this.#column === 0) {
      this.#indent = gap && `${gap}  `
      this.#column = gap.length + width
      return gap + word
    }
    if (this.#column + gap.length + width <= this.#columns()) {
      this.#column += gap.length + width
      return gap + word
    }
    this.#column = this.#indent.length + width
    return `\n${this.#indent}${word}`
  }
}
