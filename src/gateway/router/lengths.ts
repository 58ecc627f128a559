// Which lengths the keys of a table have, so that a prefix or suffix is found with one look-up for each of them.

export class Lengths {
  readonly #counts = new Map<number, number>()
  #longestFirst: readonly number[] = []

  get longestFirst(): readonly number[] {
    return this.#longestFirst
  }

  add(length: number): void {
    const count = this.#counts.get(length) ?? 0
    this.#counts.set(length, count + 1)
    if (count === 0) this.#longestFirst = [...this.#longestFirst, length].sort((a, b) => b - a)
  }

  remove(length: number): void {
    const count = (this.#counts.get(length) ?? 1) - 1
    if (count > 0) {
      this.#counts.set(length, count)
      return
    }
    this.#counts.delete(length)
    this.#longestFirst = this.#longestFirst.filter((one) => one !== length)
  }
}
