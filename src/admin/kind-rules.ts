// What differs between the kinds in the Admin API: the word that messages use, and which methods exist.
import type { Kind } from '../resources/kinds.ts'

export interface KindRules {
  /** As messages call it. */
  word: string
  /** Name in the schema endpoint, which uses the singular. */
  schemaName: string
  /** POST makes an id. */
  post: boolean
  patch: boolean
}

const rules = (word: string, post: boolean, patch: boolean): KindRules => ({
  word,
  schemaName: word.replaceAll(' ', '_'),
  post,
  patch,
})

export const KIND_RULES: Readonly<Record<Kind, KindRules>> = {
  routes: rules('route', true, true),
  services: rules('service', true, true),
  upstreams: rules('upstream', true, true),
  consumers: rules('consumer', false, false),
  credentials: rules('credential', false, false),
  consumer_groups: rules('consumer group', false, true),
  ssls: rules('ssl', true, true),
  global_rules: rules('global rule', false, true),
  plugin_configs: rules('plugin config', false, true),
  plugin_metadata: rules('plugin_metadata', false, false),
  protos: rules('proto', true, false),
  secrets: rules('secret', false, true),
  stream_routes: rules('stream route', true, false),
}
