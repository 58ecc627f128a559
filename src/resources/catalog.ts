// What the resources need to know about plugins. The gateway's plugins have it, but resources do not import them: the catalogue is handed in where a
// validator is made.
import type { TSchema } from 'typebox'
import type { Resource } from './kinds.ts'

export interface PluginFacts<Conf = Resource> {
  name: string
  version: number
  /** Place in the order of execution; higher runs earlier. Unique. */
  priority: number
  /** `auth`: may stand in consumers, credentials and multi-auth. */
  type?: 'auth'
  /** `global`: has no configuration on routes. */
  scope?: 'global'
  schema: TSchema
  consumerSchema?: TSchema
  metadataSchema?: TSchema
  /** Paths of fields (`key`, `redis.password`) that are stored encrypted and never shown to a model. */
  encrypted?: string[]
  /** The field of the consumer configuration that tells consumers apart (key-auth: `key`); duplicates are refused. */
  consumerKey?: string
  /** The field that makes configurations one group (limit-count: `group`); those with an equal value must be equal, others are refused. */
  agreeBy?: string
  /** The field that must stand in a configuration or in the plugin's metadata (file-logger: `path`); without both it is refused. */
  orMetadata?: string
  /**
   * Beyond the schema; throws an Error whose message the Admin API passes on. `kind` tells which of the three schemas applies, `attr` are
   * the plugin's settings, `others` checks configurations of other plugins that stand inside this one's.
   */
  check?(conf: Conf, kind: 'plugin' | 'consumer' | 'metadata', attr: Resource, others: OtherPlugins): void
}

/** For plugins that hold other plugins' configurations: the plugin of a name; undefined when there is none. */
export type OtherPlugins = (name: string) => OtherPlugin | undefined

export interface OtherPlugin {
  type: PluginFacts['type']
  /** What is wrong with a configuration of that plugin; undefined: nothing. */
  fault(conf: unknown): string | undefined
}

export interface PluginCatalog {
  get(name: string): PluginFacts | undefined
  /** In the order of execution. */
  list(): readonly PluginFacts[]
}

const OF_BODIES = ['req', 'resp'].flatMap((one) => [
  `include_${one}_body`,
  `include_${one}_body_expr`,
  `max_${one}_body_bytes`,
])

/** Plugins that a stream route may have, and fields of theirs that it may not, since a stream has no request and no response. */
export const STREAM_PLUGINS: ReadonlyMap<string, readonly string[]> = new Map([
  ['ip-restriction', []],
  ['limit-conn', []],
  ['traffic-split', []],
  ['prometheus', []],
  ['syslog', OF_BODIES],
])

/** A catalogue of `plugins`, which are given in the order of execution. */
export function createCatalog(plugins: readonly PluginFacts[]): PluginCatalog {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]))
  return { get: (name) => byName.get(name), list: () => plugins }
}
