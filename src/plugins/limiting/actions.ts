// Checks configurations of limiting plugins that stand inside another plugin's (workflow).
import { Ajv, type ValidateFunction } from 'ajv'
import type { Plugin } from '../../gateway/plugin.ts'
import type { Resource } from '../../resources/kinds.ts'
import { wordFirst } from '../../resources/wording.ts'
import limitConn from '../limit-conn.ts'
import limitCount from '../limit-count.ts'

const PLUGINS: ReadonlyMap<string, Plugin> = new Map([limitCount, limitConn].map((plugin) => [plugin.name, plugin]))

/** The plugins that can be an action. */
export const LIMITS: readonly string[] = [...PLUGINS.keys()]

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, unicodeRegExp: false, validateFormats: false })
const compiled = new Map<string, ValidateFunction>()

/** What is wrong with a configuration of the plugin `name`, which must be one of LIMITS; undefined: nothing. */
export function limitFault(name: string, conf: unknown): string | undefined {
  const plugin = PLUGINS.get(name) as Plugin
  const validate = compiled.get(name) ?? ajv.compile(plugin.schema)
  compiled.set(name, validate)
  if (!validate(conf)) return wordFirst(validate.errors ?? [])
  if ((conf as Resource).group !== undefined) return 'group is not supported'
  try {
    plugin.check?.(conf as Resource, 'plugin', {}, () => undefined)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}
