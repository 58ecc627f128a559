// Plugin configurations that are set up, one for each place they stand in (`routes/1`, `services/a`, `consumers/jack`): set up when first
// used, shared by every route that inherits them, closed when their resource changes.
import { withDefaults } from '../lib/schema-defaults.ts'
import { parseKey, type Resource } from '../resources/kinds.ts'
import { namesBodyVariable } from './body-variables.ts'
import type { ActivePlugin, PluginMeta } from './compile.ts'
import type { Plugin, PluginEnv, PluginInstance } from './plugin.ts'
import { resolveReferences, type SecretValues } from './secrets.ts'

interface OwnerInstances {
  version: number
  plugins: Map<string, ActivePlugin | undefined>
}

export interface InstanceDeps {
  plugin(name: string): Plugin | undefined
  secrets: SecretValues
  /** Where a configuration is not what the plugin takes; undefined: nowhere. */
  faults(plugin: string, conf: Resource): string[] | undefined
  /** Makes the environment of one configuration. */
  env(plugin: Plugin, owner: { key: string; version: number }): PluginEnv
  /** A configuration that cannot be set up: it was accepted by another version, or a reference went away. */
  onTrouble(owner: string, plugin: string, error: unknown): void
}

export class Instances {
  readonly #deps: InstanceDeps
  readonly #owners = new Map<string, OwnerInstances>()
  readonly #closing = new Set<Promise<void>>()

  constructor(deps: InstanceDeps) {
    this.#deps = deps
  }

  /**
   * The plugin of this configuration, set up. Undefined: it is disabled, or cannot be set up (then `onTrouble` was told, and requests get
   * the refusal that `broken` makes, since running without an authentication plugin would open the route).
   */
  get(owner: string, version: number, name: string, conf: Resource): ActivePlugin | undefined {
    let held = this.#owners.get(owner)
    if (!held || held.version !== version) {
      this.release(owner)
      held = { version, plugins: new Map() }
      this.#owners.set(owner, held)
    }
    if (!held.plugins.has(name)) held.plugins.set(name, this.#setup(owner, version, name, conf))
    return held.plugins.get(name)
  }

  /** Closes all of a resource's plugins: it has changed or is gone. */
  release(owner: string): void {
    const held = this.#owners.get(owner)
    this.#owners.delete(owner)
    for (const active of held?.plugins.values() ?? []) if (active) this.#close(owner, active)
  }

  /** Resolves when all that was closed has written what it still held. */
  async releaseAll(): Promise<void> {
    for (const owner of [...this.#owners.keys()]) this.release(owner)
    await Promise.all(this.#closing)
  }

  #close(owner: string, { name, instance }: ActivePlugin): void {
    const closed = instance.close?.()
    if (!closed) return
    const ended = closed
      .catch((error) => this.#deps.onTrouble(owner, name, error))
      .finally(() => this.#closing.delete(ended))
    this.#closing.add(ended)
  }

  /** What a reference stands for could not be looked at when it was written. */
  #resolve(name: string, conf: Resource): Resource {
    const resolved = resolveReferences(conf, this.#deps.secrets)
    if (JSON.stringify(resolved) === JSON.stringify(conf)) return resolved
    const faults = this.#deps.faults(name, resolved)
    // The values are secrets: not even the log is told them.
    if (faults) throw new Error(`a reference stands for what the plugin cannot use, see ${faults.join(', ')}`)
    return resolved
  }

  #setup(owner: string, version: number, name: string, conf: Resource): ActivePlugin | undefined {
    const meta = conf._meta as PluginMeta | undefined
    if (meta?.disable === true) return undefined
    const plugin = this.#deps.plugin(name)
    if (!plugin) {
      this.#deps.onTrouble(owner, name, new Error('there is no such plugin here'))
      return { name, priority: 0, instance: broken, meta: undefined }
    }
    const priority = meta?.priority ?? plugin.priority
    try {
      const env = this.#deps.env(plugin, { key: owner, version })
      const instance = setupPlugin(plugin, this.#resolve(name, conf), env)
      return { name, priority, instance, meta, needsBody: namesBodyVariable(conf) }
    } catch (error) {
      this.#deps.onTrouble(owner, name, error)
      return { name, priority, instance: broken, meta: undefined }
    }
  }
}

/** Sets up one configuration whose references are resolved: fills in its defaults. */
export function setupPlugin(plugin: Plugin, conf: Resource, env: PluginEnv): PluginInstance {
  return plugin.setup(withDefaults(plugin.schema, conf), env)
}

/** Stands in for a plugin that cannot run. */
const broken: PluginInstance = { rewrite: () => ({ status: 500 }) }

/** `routes/1` as the contract's owner. */
export function toOwner(key: string, version: number): PluginEnv['owner'] {
  const address = parseKey(key)
  if (!address) throw new Error(`${key} is not a resource key`)
  return { ...address, version }
}
