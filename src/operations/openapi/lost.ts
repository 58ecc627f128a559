// The report of an import: everything of a document that a gateway's configuration does not hold, counted by what it is, with some of the places.
import { plainText } from '../../lib/text.ts'

const MAX_PLACES = 4

export class Lost {
  readonly #found = new Map<string, Set<string>>()

  /** `what`: `callbacks are not served`; `place`: where it stands. */
  add(what: string, place: string): void {
    const places = this.#found.get(what)
    if (places) places.add(place)
    else this.#found.set(what, new Set([place]))
  }

  /** One line for each kind of loss, in the order in which they were found. */
  lines(): string[] {
    return [...this.#found].map(([what, places]) => {
      const named = [...places].slice(0, MAX_PLACES).map((one) => plainText(one, 80))
      const more = places.size - named.length
      return `not carried over: ${what} (${named.join(', ')}${more > 0 ? ` and ${more} more` : ''})`
    })
  }
}
