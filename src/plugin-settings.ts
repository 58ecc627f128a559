// The settings about plugins, checked at the start: names in `plugins.enable` and `plugins.attr` that no plugin has, and attributes that a plugin
// does not know would do nothing.
import type { Plugin } from './gateway/plugin.ts'
import { isObject } from './lib/is-object.ts'
import { thrownBy } from './lib/message-of.ts'
import { nearest } from './lib/nearest.ts'
import { Shape } from './lib/unknown-fields.ts'
import { CompiledSchemas } from './resources/compiled-schemas.ts'
import { wordFirst } from './resources/wording.ts'
import type { Settings } from './settings/schema.ts'

/** Throws an Error with all that is wrong. */
export function checkPluginSettings({ enable = [], attr }: Settings['plugins'], plugins: readonly Plugin[]): void {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]))
  const unknown = (path: string, name: string): string => {
    const meant = nearest(name, byName.keys())
    return `${path}: there is no plugin ${name}${meant === undefined ? '' : `: did you mean ${meant}?`}`
  }
  const problems = [
    ...enable.filter((name) => !byName.has(name)).map((name) => unknown('plugins.enable', name)),
    ...Object.entries(attr).flatMap(([name, value]) => {
      const plugin = byName.get(name)
      return plugin ? (problemOf(plugin, value) ?? []) : unknown(`plugins.attr.${name}`, name)
    }),
  ]
  if (problems.length > 0) throw new Error(problems.join('; '))
}

function problemOf({ name, attrSchema, checkAttr }: Plugin, attr: Record<string, unknown>): string | undefined {
  const at = `plugins.attr.${name}`
  const own = thrownBy(() => checkAttr?.(attr))
  if (own !== undefined) return own
  if (!attrSchema) return checkAttr || Object.keys(attr).length === 0 ? undefined : `${at}: the plugin has no settings`
  const [unknown] = new Shape(attrSchema).unknownIn(attr)
  if (unknown)
    return `${at}.${unknown.path} is not a setting${unknown.meant === undefined ? '' : `: did you mean ${unknown.meant}?`}`
  const errors = new CompiledSchemas().validate(attrSchema, isObject(attr) ? attr : {})
  return errors && `${at}: ${wordFirst(errors)}`
}
