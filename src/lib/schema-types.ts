// Forms of fields that several schemas have, some of which TypeBox has no builder for.
import Type from 'typebox'

/** A string that is one of these: `{type: 'string', enum: [...]}`. */
export function oneOfTexts<const T extends readonly string[]>(values: T, options: object) {
  return Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })
}

/** A text that is not empty. */
export function text(title: string, description: string, example: string) {
  return Type.String({ title, description, minLength: 1, examples: [example] })
}

export function flag(title: string, description: string, otherwise: boolean) {
  return Type.Boolean({ title, description, default: otherwise, examples: [!otherwise] })
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

const OCTET = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)'
const IPV4 = `^${OCTET}(\\.${OCTET}){3}(/([12]?\\d|3[0-2]))?$`
const IPV6 = '^[0-9a-fA-F]{0,4}(:[0-9a-fA-F]{0,4}){2,7}(/(1[01]\\d|12[0-8]|\\d{1,2}))?$'

/** An IP address or a network. */
export const AddressOrNetwork = Type.Union([Type.String({ pattern: IPV4 }), Type.String({ pattern: IPV6 })])
