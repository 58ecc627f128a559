// Lets consumers pass or not by their labels; a request without a consumer is refused. A label's value may be several: a JSON list, or parts
// between commas.
import Type, { type Static } from 'typebox'
import { definePlugin } from '../gateway/plugin.ts'
import { refusalFields } from '../lib/refusal-fields.ts'
import { oneOfTexts } from '../lib/schema-types.ts'
import { checkStatus } from '../lib/status-check.ts'

type Labels = Record<string, string[]>

const labels = (title: string, description: string) =>
  Type.Optional(
    Type.Unsafe<Labels>({
      type: 'object',
      patternProperties: { '.*': { type: 'array', minItems: 1, items: { type: 'string' } } },
      minProperties: 1,
      title,
      description,
      examples: [{ team: ['platform'] }],
    }),
  )

const schema = Type.Object({
  allow_labels: labels('Allowed', 'values by label, of which a consumer must have one'),
  deny_labels: labels('Refused', 'values by label, of which a consumer must have none; goes before `allow_labels`'),
  ...refusalFields,
  external_user_label_field: Type.String({
    title: 'Field of external users',
    description: 'of users that are no consumers; only the default is taken, since such users have no labels here',
    default: 'groups',
    examples: ['groups'],
  }),
  external_user_label_field_key: Type.Optional(
    Type.String({ title: 'Label of external users', description: 'not taken: see the field', examples: ['groups'] }),
  ),
  external_user_label_field_parser: Type.Optional(
    oneOfTexts(['segmented_text', 'json', 'table'], {
      title: 'Parser of external users',
      description: 'not taken: see the field',
      examples: ['json'],
    }),
  ),
  external_user_label_field_separator: Type.Optional(
    Type.String({ title: 'Separator of external users', description: 'not taken: see the field', examples: [','] }),
  ),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'acl',
  version: 0.1,
  priority: 2410,
  schema: Type.Partial(schema, {
    anyOf: [{ required: ['allow_labels'] }, { required: ['deny_labels'] }],
    allOf: [
      {
        if: {
          properties: { external_user_label_field_parser: { const: 'segmented_text' } },
          required: ['external_user_label_field_parser'],
        },
        // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
        then: { required: ['external_user_label_field_separator'] },
      },
    ],
  }),
  check(conf, kind) {
    if (kind !== 'plugin') return
    checkStatus('rejected_code', conf.rejected_code)
    for (const [name, value] of Object.entries(conf)) {
      const usual = name === 'external_user_label_field' && value === 'groups'
      if (name.startsWith('external_user_') && !usual)
        throw new Error(`${name} is not supported: only consumers have labels here, make the user a consumer`)
    }
  },
  setup(conf) {
    const { allow_labels: allowed, deny_labels: denied, rejected_code: status } = conf
    const unknown = { status: 401, body: { message: 'Missing authentication.' } }
    const refusal = { status, body: { message: conf.rejected_msg ?? 'The consumer is forbidden.' } }
    return {
      access(ctx) {
        if (!ctx.consumer) return unknown
        const own = ctx.consumer.labels ?? {}
        if (denied && hasOne(own, denied)) return refusal
        return allowed && !hasOne(own, allowed) ? refusal : undefined
      },
    }
  },
})

function hasOne(own: Record<string, string>, wanted: Labels): boolean {
  return Object.entries(wanted).some(([label, values]) => {
    const value = own[label]
    return value !== undefined && partsOf(value).some((part) => values.includes(part))
  })
}

function partsOf(value: string): string[] {
  if (!value.startsWith('[')) return value.split(',').map((part) => part.trim())
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? list.map(String) : [value]
  } catch {
    return [value] // no JSON after all: the text is the value
  }
}
