// The flags of commands, for the command itself and for its help: a command's own file is loaded only when it runs.
import type { FlagSpec } from './arguments.ts'

export const CHAT_FLAGS: Record<string, FlagSpec> = {
  json: { type: 'switch', about: 'one JSON object a line, for scripts' },
}

/** Of every command that has an answer for programs. */
export const JSON_FLAG: Record<string, FlagSpec> = {
  json: { type: 'switch', about: 'the answer as JSON' },
}

/** Of every operation; `promote` names its targets itself, `apply` and `confirm` have theirs from the plan. */
export function commonFlagsOf(operation: string): Record<string, FlagSpec> {
  const target: FlagSpec = { type: 'text', about: 'which gateway' }
  return { ...(['promote', 'apply', 'confirm'].includes(operation) ? {} : { target }), ...JSON_FLAG }
}

export const EXPORT_FLAGS: Record<string, FlagSpec> = {
  target: { type: 'text', about: 'which gateway' },
  format: { type: 'text', about: 'yaml, json or adc; otherwise yaml or json by the end of the name of the file' },
  'with-secrets': { type: 'switch', about: 'passwords, keys and tokens in clear' },
}

export const IMPORT_FLAGS: Record<string, FlagSpec> = {
  target: { type: 'text', about: 'which gateway' },
  format: { type: 'text', about: 'adc for a file of ADC; otherwise standalone YAML or JSON' },
  'dry-run': { type: 'switch', about: 'show the plan, write nothing' },
  yes: { type: 'switch', about: 'write without a question' },
}
