// Regular expressions of plugin configurations: their faults in PCRE's words, and replacement templates with `$1`.
import { compileRegex } from './router/vars.ts'

/** Compiles a pattern. Throws an Error that says what is wrong as PCRE says it, where APISIX's users may know it by heart. */
export function compilePattern(pattern: string, flags = ''): RegExp {
  try {
    return compileRegex(pattern, flags)
  } catch (error) {
    const { message } = error as Error
    if (!message.includes('Unterminated group')) throw error
    throw new Error(`pcre2_compile() failed: missing closing parenthesis in "${pattern}"`)
  }
}

/** Throws when a replacement template has a dollar sign that names no group: OpenResty compiles none such. */
export function checkTemplate(template: string): void {
  if (/\$(?!\d|\{\d+\})/.test(template.replaceAll('$$', '')))
    throw new Error('failed to compile the replacement template')
}

/** Fills `$1`, `${1}` and `$0` of a template; `$$` is one dollar sign. */
export function expandCaptures(template: string, captures: readonly (string | undefined)[]): string {
  return template.replace(/\$\$|\$(\d+)|\$\{(\d+)\}/g, (whole, bare: string | undefined, braced: string | undefined) =>
    whole === '$$' ? '$' : (captures[Number(bare ?? braced)] ?? ''),
  )
}
