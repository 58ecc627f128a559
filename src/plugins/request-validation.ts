// Refuses requests whose headers or body do not fit a JSON Schema. What is looked at is what the upstream gets: of a JSON body in which an object
// has a name twice, readers take the one or the other, so it is written anew with the one that was checked. Members that are absent from
// a JSON body get the schema's defaults, after it has been checked.
import { isUtf8 } from 'node:buffer'
import { isIPv4, isIPv6 } from 'node:net'
import { Ajv, type ValidateFunction } from 'ajv'
import Type, { type Static, type TSchema } from 'typebox'
import { BodyError, readBody } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { compileRegex } from '../gateway/router/vars.ts'
import { duplicateName } from '../lib/json-duplicates.ts'
import { parseJson } from '../lib/parse-json.ts'
import { queryFields, valuesByName } from '../lib/query.ts'
import { withDefaults } from '../lib/schema-defaults.ts'
import { UNIQUE_ITEMS } from '../lib/unique-items.ts'
import type { Resource } from '../resources/kinds.ts'
import { wordFirst } from '../resources/wording.ts'

const jsonSchema = (title: string, description: string) =>
  Type.Optional(
    Type.Unsafe<Resource>({ type: 'object', title, description, examples: [{ type: 'object', required: ['name'] }] }),
  )

const schema = Type.Object({
  header_schema: jsonSchema('Header schema', 'JSON Schema of the headers; their names have no case'),
  body_schema: jsonSchema(
    'Body schema',
    'JSON Schema of the body: JSON, whose absent members get their defaults, or the fields of a form',
  ),
  rejected_code: Type.Integer({
    title: 'Status',
    description: 'status of a refusal',
    minimum: 200,
    maximum: 599,
    default: 400,
    examples: [422],
  }),
  rejected_msg: Type.Optional(
    Type.String({
      title: 'Message',
      description: 'body of a refusal; absent: what did not fit',
      minLength: 1,
      maxLength: 256,
      examples: ['look at the documentation'],
    }),
  ),
  max_req_body_size: Type.Integer({
    title: 'Largest body',
    description: 'bytes; a larger body is refused with 413',
    minimum: 1,
    default: 67108864,
    examples: [1048576],
  }),
})
type Conf = Static<typeof schema>

/** Fields of a form that are looked at; one with more is refused. */
const MAX_FORM_FIELDS = 1000

export default definePlugin<Conf>({
  name: 'request-validation',
  version: 0.1,
  priority: 2800,
  schema: Type.Partial(schema, { anyOf: [{ required: ['header_schema'] }, { required: ['body_schema'] }] }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    for (const name of ['header_schema', 'body_schema'] as const) {
      try {
        compile(conf[name])
      } catch (error) {
        throw new Error(`property "${name}" is not a JSON Schema: ${(error as Error).message}`)
      }
    }
  },
  setup(conf) {
    const headers = compile(conf.header_schema)
    const spelled = spellings(conf.header_schema)
    const body = toBodyCheck(conf)
    const refuse = (message: string): Reply => ({ status: conf.rejected_code, body: conf.rejected_msg ?? message })
    return {
      rewrite(ctx) {
        const message = headers && whyNot(headers, respelled(ctx.request.headers.toObject(), spelled))
        if (message !== undefined) return refuse(message)
        return body && checkBody(ctx, body, refuse)
      },
    }
  },
})

function compile(conf: Resource | undefined): ValidateFunction | undefined {
  if (conf === undefined || Array.isArray(conf)) return undefined
  const ajv = new Ajv({
    allErrors: false,
    verbose: true,
    strict: false,
    unicodeRegExp: false,
    formats: FORMATS,
    logger: false, // a format that is not known says nothing, as JSON Schema has it
    code: { regExp: patterns },
  })
  return ajv.removeKeyword('uniqueItems').addKeyword(UNIQUE_ITEMS).compile(conf)
}

/** The formats that APISIX checks. */
const FORMATS = {
  email: /^[^\s@"(),:;<>[\\\]]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+$/,
  hostname: /^[a-zA-Z0-9.-]+$/,
  ipv4: isIPv4,
  ipv6: isIPv6,
}

interface BodyCheck {
  fits: ValidateFunction
  maxBytes: number
  /** Present when the schema has some. */
  fillIn: ((value: unknown) => unknown) | undefined
}

function toBodyCheck({ body_schema: schema, max_req_body_size: maxBytes }: Conf): BodyCheck | undefined {
  const fits = compile(schema)
  if (!schema || !fits) return undefined
  const fillIn = (value: unknown): unknown => withDefaults(schema as TSchema, value)
  return { fits, maxBytes, fillIn: JSON.stringify(schema).includes('"default"') ? fillIn : undefined }
}

/** Expressions that no header or body takes long; `code` is for schemas that Ajv would write to a file. */
const patterns = Object.assign((pattern: string) => compileRegex(pattern), { code: 'compileRegex' })

/** Names in a schema as they are written there, by their lower-case form. */
function spellings(schema: unknown, found = new Map<string, Set<string>>()): Map<string, Set<string>> {
  if (schema === null || typeof schema !== 'object') return found
  const { properties, required } = schema as Record<string, unknown>
  const names = [
    ...(Array.isArray(required) ? required : []),
    ...(properties && typeof properties === 'object' ? Object.keys(properties) : []),
  ]
  for (const name of names.map(String)) {
    const lower = name.toLowerCase()
    found.set(lower, (found.get(lower) ?? new Set()).add(name))
  }
  for (const inner of Object.values(schema)) spellings(inner, found)
  return found
}

function respelled(fields: Record<string, unknown>, spelled: Map<string, Set<string>>): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null)
  for (const [lower, value] of Object.entries(fields))
    for (const name of spelled.get(lower) ?? [lower]) object[name] = value
  return object
}

function whyNot(fits: ValidateFunction, value: unknown): string | undefined {
  return fits(value) ? undefined : wordFirst(fits.errors ?? [])
}

async function checkBody(
  ctx: Exchange,
  { fits, maxBytes, fillIn }: BodyCheck,
  refuse: (message: string) => Reply,
): Promise<Reply | undefined> {
  const bytes = await readBody(ctx.request.body, maxBytes)
  if (bytes instanceof BodyError) return { status: bytes.status }
  if (bytes.length === 0) return refuse('the request has no body')
  const text = bytes.toString('utf8')
  const form = ctx.request.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')
  const value = form ? parseForm(text) : isUtf8(bytes) ? parseJson(text) : undefined
  if (value === undefined)
    return refuse(`failed to decode the body: it ${form ? `has more than ${MAX_FORM_FIELDS} fields` : 'is not JSON'}`)
  const message = whyNot(fits, value)
  if (message !== undefined) return refuse(message)
  if (!form) writeAnew(ctx, text, value, fillIn)
  return undefined
}

/** Other bodies go to the upstream as they came, with the blanks and numbers of their client. */
function writeAnew(ctx: Exchange, text: string, value: unknown, fillIn: BodyCheck['fillIn']): void {
  const twice = duplicateName(text) !== undefined
  if (!twice && !fillIn) return
  const written = JSON.stringify(fillIn ? fillIn(value) : value)
  if (twice || written !== JSON.stringify(value)) ctx.request.body.replace(Buffer.from(written))
}

function parseForm(text: string): Record<string, string | string[]> | undefined {
  const fields = [...queryFields(text, MAX_FORM_FIELDS + 1)]
  return fields.length > MAX_FORM_FIELDS ? undefined : valuesByName(fields, '')
}
