// One data-plane thread's view of the configuration: every resource as text with its version, read when somebody needs it.
//
// Commits arrive whole and are applied between two requests, so that a request sees one revision. Routes stay text until one matches: a
// thread with 100,000 routes holds their text and the router's nodes, not their object trees. `generation` counts the changes to anything
// but routes; whatever was compiled from several resources compares it, and only then looks closer.
import type { Kind, Resource } from '../resources/kinds.ts'
import { parseKey } from '../resources/kinds.ts'
import type { ConsumerIndex } from './consumers.ts'

/** A change as it comes from the main thread. `text` undefined: the resource is gone. */
export interface ConfigChange {
  key: string
  text: string | undefined
  createdIndex: number
  modifiedIndex: number
}

interface Held {
  text: string
  createdIndex: number
  modifiedIndex: number
  value: Resource | undefined
}

export class Config {
  generation = 0
  readonly consumers: ConsumerIndex
  /** Called before a request or a connection first looks at the configuration; it may call for `apply`. */
  onLook: () => void = () => {}
  readonly #held = new Map<Kind, Map<string, Held>>()

  constructor(consumers: ConsumerIndex) {
    this.consumers = consumers
  }

  /** Takes over a commit's changes. The caller (Routes) then updates what it has built from them. */
  apply(changes: readonly ConfigChange[]): void {
    for (const change of changes) {
      const address = parseKey(change.key)
      if (!address) continue
      this.#hold(address.kind, address.id, change)
      if (address.kind === 'routes') continue
      this.generation++
      this.#index(address.kind, address.id, change)
    }
  }

  /** Values of references in these resources have changed: they count as changed, though their text and version did not. */
  renew(keys: readonly string[]): void {
    this.generation++
    for (const key of keys) {
      const address = parseKey(key)
      const held = address && this.#held.get(address.kind)?.get(address.id)
      if (!held) continue
      held.value = undefined
      this.#index(address.kind, address.id, { key, ...held })
    }
  }

  #hold(kind: Kind, id: string, change: ConfigChange): void {
    const held = this.#held.get(kind) ?? new Map<string, Held>()
    this.#held.set(kind, held)
    const { text, createdIndex, modifiedIndex } = change
    if (text === undefined) held.delete(id)
    else held.set(id, { text, createdIndex, modifiedIndex, value: undefined })
  }

  #index(kind: Kind, id: string, change: ConfigChange): void {
    if (kind === 'consumers') this.consumers.setConsumer(id, this.get('consumers', id), change.modifiedIndex)
    if (kind !== 'credentials') return
    const slash = id.indexOf('/')
    this.consumers.setCredential(id.slice(0, slash), id.slice(slash + 1), this.get('credentials', id))
  }

  /** A resource as written. The same object until it changes, except for routes, which are read anew each time. */
  get(kind: Kind, id: string): Resource | undefined {
    const held = this.#held.get(kind)?.get(id)
    if (!held) return undefined
    if (kind === 'routes') return JSON.parse(held.text) as Resource
    held.value ??= JSON.parse(held.text) as Resource
    return held.value
  }

  /** modifiedIndex of a resource, 0 when there is none. */
  version(kind: Kind, id: string): number {
    return this.#held.get(kind)?.get(id)?.modifiedIndex ?? 0
  }

  /** createdIndex of a resource, 0 when there is none. */
  createdAt(kind: Kind, id: string): number {
    return this.#held.get(kind)?.get(id)?.createdIndex ?? 0
  }

  /** Ids of a kind, oldest first. */
  ids(kind: Kind): string[] {
    const held = [...(this.#held.get(kind) ?? [])]
    return held.sort(([, a], [, b]) => a.createdIndex - b.createdIndex).map(([id]) => id)
  }

  count(kind: Kind): number {
    return this.#held.get(kind)?.size ?? 0
  }
}
