// Schema forms that APISIX uses and that TypeBox has no builder for.
import Type from 'typebox'

/** A string that is one of these: `{type: 'string', enum: [...]}`. */
export function oneOfTexts<const T extends readonly string[]>(values: T, options: object) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
}

/** A positive integer, or text with variables that gives one for each request. */
export function countOrTemplate(title: string, description: string) {
  return Type.Unsafe<number | string>({
    oneOf: [{ type: 'integer', exclusiveMinimum: 0 }, { type: 'string' }],
    title,
    description,
    examples: [100],
  })
}
