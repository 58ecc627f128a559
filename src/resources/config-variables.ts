// Variables of the environment in a configuration that is read from a file, as APISIX writes them: `${{NAME}}`, and `${{NAME:=default}}` for
// when it is not set. They stand in names and in texts. A text that held one and is then a number or a boolean is taken for one, unless that would
// change how it is written (`007`, `1e3`).

export type Environment = Readonly<Record<string, string | undefined>>

const VARIABLE = /\$\{\{\s*(\w+)\s*(?::=([^}]*))?\}\}/g

/** A copy of a parsed tree with the variables put in. Throws when one is neither set nor has a default. */
export function withVariables(tree: unknown, env: Environment): unknown {
  if (typeof tree === 'string') return typed(tree, put(tree, env))
  if (Array.isArray(tree)) return tree.map((item) => withVariables(item, env))
  if (tree === null || typeof tree !== 'object') return tree
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [put(name, env), withVariables(value, env)]))
}

function put(text: string, env: Environment): string {
  return text.replace(VARIABLE, (_, name: string, fallback: string | undefined) => {
    const value = env[name] ?? fallback?.trim()
    if (value === undefined)
      throw new Error(
        `\${{${name}}}: found no such variable in the environment: set it, or write \${{${name}:=default}}`,
      )
    return value
  })
}

function typed(before: string, text: string): unknown {
  if (before === text) return text
  if (text === 'true' || text === 'false') return text === 'true'
  return text !== '' && String(Number(text)) === text && Number.isFinite(Number(text)) ? Number(text) : text
}
