// The upstreams of one thread, by where they are configured: `upstreams/1` for a resource, `routes/1` or `services/a` for one written
// inside another, with a label when a plugin holds several. Each keeps its balancer and its connections until its configuration changes.
import { parseKey, type Resource } from '../resources/kinds.ts'
import type { Config } from './config.ts'
import type { ResolvedResources } from './resolved-resources.ts'
import { type UpstreamDeps, UpstreamRuntime } from './upstream/runtime.ts'

interface Held {
  /** modifiedIndex of an upstream resource; an inline configuration stands for itself. */
  version: unknown
  runtime: UpstreamRuntime
}

export class Upstreams {
  readonly #config: Config
  readonly #deps: UpstreamDeps
  readonly #held = new Map<string, Map<string, Held>>()

  constructor(config: Config, resolved: ResolvedResources, deps: UpstreamDeps) {
    this.#config = config
    this.#deps = { certificate: (id) => resolved.get('ssls', id), ...deps }
  }

  /** The upstream resource with this id; undefined when there is none. */
  byId(id: string): UpstreamRuntime | undefined {
    const conf = this.#config.get('upstreams', id)
    return conf && this.#get(`upstreams/${id}`, '', this.#config.version('upstreams', id), conf)
  }

  /** An upstream written inside the resource `owner`; `label` tells several in one resource apart. */
  inline(owner: string, conf: Resource, label = ''): UpstreamRuntime {
    return this.#get(owner, label, conf, conf)
  }

  /** The resource has changed or is gone: what it holds is closed, and made anew when a request needs it. */
  release(owner: string): void {
    for (const held of this.#held.get(owner)?.values() ?? []) held.runtime.close()
    this.#held.delete(owner)
  }

  releaseAll(): void {
    for (const owner of [...this.#held.keys()]) this.release(owner)
  }

  #get(owner: string, label: string, version: unknown, conf: Resource): UpstreamRuntime {
    const labels = this.#held.get(owner) ?? new Map<string, Held>()
    this.#held.set(owner, labels)
    const held = labels.get(label)
    if (held && held.version === version) return held.runtime
    held?.runtime.close()
    const address = parseKey(owner)
    const place = { owner, label, version: address ? this.#config.version(address.kind, address.id) : 0 }
    const runtime = new UpstreamRuntime(place, conf, this.#deps)
    labels.set(label, { version, runtime })
    return runtime
  }
}
