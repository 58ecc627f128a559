import { isObject } from './is-object.ts'

/** The value of a text from outside; undefined when it is not JSON, which the caller answers in its own way. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The same where only an object will do. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}
