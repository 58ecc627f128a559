// The shared memory that plugins ask for, made once by the main thread and handed to every data-plane thread.
import type { Resource } from '../resources/kinds.ts'
import type { Plugin } from './plugin.ts'

/** By the plugin's name, then by the name that the plugin gave it. */
export type PluginMemory = Record<string, Record<string, SharedArrayBuffer>>

/** Throws when a plugin's settings are wrong. Pages that nobody has touched cost nothing. */
export function allocateMemory(plugins: readonly Plugin[], attributes: Record<string, Resource>): PluginMemory {
  const memory: PluginMemory = {}
  for (const { name, sharedMemory } of plugins) {
    if (!sharedMemory) continue
    const parts = Object.entries(sharedMemory(attributes[name] ?? {}))
    memory[name] = Object.fromEntries(parts.map(([part, bytes]) => [part, new SharedArrayBuffer(bytes)]))
  }
  return memory
}
