// What Swagger 2 says of an operation's input, in the words of OpenAPI 3: the schema of a parameter stands in the parameter itself, and bodies
// are parameters too.
import type { Json } from './openapi-document.ts'

const KEYWORDS = [
  ...['type', 'format', 'enum', 'default', 'items', 'pattern', 'multipleOf'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'],
  ...['minLength', 'maxLength', 'minItems', 'maxItems', 'uniqueItems'],
]
const FORM = 'application/x-www-form-urlencoded'
/** Of lists in a query; `csv` when nothing is said. */
const STYLES: Record<string, string> = { ssv: 'spaceDelimited', pipes: 'pipeDelimited' }

/** A parameter as OpenAPI 3 has it; one that it has already is returned as it is. */
export function fromSwagger(written: Json): Json {
  if (written.schema !== undefined || written.content !== undefined || typeof written.type !== 'string') return written
  const plain = { ...written, schema: schemaOf(written) }
  if (written.type !== 'array' || written.in !== 'query') return plain
  const format = String(written.collectionFormat ?? 'csv')
  return { ...plain, style: STYLES[format] ?? 'form', explode: format === 'multi' }
}

/** The `requestBody` of parameters in `body` or `formData`; undefined when there are none, or none that can be sent. */
export function bodyFromSwagger(parameters: readonly Json[], consumes: unknown): Json | undefined {
  const types = Array.isArray(consumes) ? consumes.filter((type) => typeof type === 'string') : []
  const whole = parameters.find((one) => one.in === 'body')
  if (whole) {
    const content = Object.fromEntries((types.length ? types : ['application/json']).map((type) => [type, whole]))
    return { required: whole.required === true, content }
  }
  const fields = parameters.filter((one) => one.in === 'formData' && typeof one.name === 'string')
  if (!fields.length || fields.some((one) => one.type === 'file') || (types.length && !types.includes(FORM)))
    return undefined
  const required = fields.filter((one) => one.required === true).map((one) => one.name)
  const properties = Object.fromEntries(fields.map((one) => [one.name, { ...described(one), ...schemaOf(one) }]))
  return { required: required.length > 0, content: { [FORM]: { schema: { type: 'object', properties, required } } } }
}

function schemaOf(written: Json): Json {
  return Object.fromEntries(KEYWORDS.filter((name) => written[name] !== undefined).map((name) => [name, written[name]]))
}

function described({ description }: Json): Json {
  return typeof description === 'string' ? { description } : {}
}
