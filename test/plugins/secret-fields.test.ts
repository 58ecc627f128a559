// Every field of a plugin that is named like a secret is stored encrypted and hidden from models, or stands here with the reason why not.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TSchema } from 'typebox'
import { createSecrecy } from '../../src/admin/secrecy.ts'
import { redact } from '../../src/lib/redact.ts'
import { Secretbox } from '../../src/lib/secretbox.ts'
import { HIDDEN } from '../../src/lib/url-secrets.ts'
import { plugins } from '../../src/plugins/index.ts'
import { createCatalog } from '../../src/resources/catalog.ts'
import type { Resource } from '../../src/resources/kinds.ts'

const SECRET =
  /(^|_)(password|passwd|secret|token|apikey|api_key|private_key|secret_key|client_key|auth_header|authorization|credentials?|key)$/

/** Fields that are named like one and are none. */
const NO_SECRETS: Record<string, string> = {
  'acl external_user_label_field_key': 'name of a label',
  'api-breaker break_response_headers.key': 'name of a header',
  'jwe-decrypt key': 'stands in the open in each token',
  'jwt-auth key': 'stands in the open in each token',
  'kafka-logger key': "tells a topic's partition",
  'limit-conn key': 'name of a variable',
  'limit-conn rules.key': 'name of a variable',
  'limit-count key': 'name of a variable',
  'limit-count rules.key': 'name of a variable',
  'limit-req key': 'name of a variable',
  'openid-connect public_key': 'is public',
  'proxy-cache cache_key': 'names of variables',
  'traffic-split rules.weighted_upstreams.upstream.key': 'name of a variable',
}

interface Field {
  plugin: string
  path: string
}

/** Text fields below a schema, by their path without array indexes. */
function fieldsOf(plugin: string, schema: TSchema | undefined, path: string[] = []): Field[] {
  const { type, properties = {}, items, anyOf = [], oneOf = [], allOf = [] } = (schema ?? {}) as Record<string, never>
  const below = Object.entries(properties).flatMap(([name, one]) => fieldsOf(plugin, one as TSchema, [...path, name]))
  const others = [items, ...(anyOf as TSchema[]), ...(oneOf as TSchema[]), ...(allOf as TSchema[])]
  const inside = others.filter((one) => one !== undefined).flatMap((one) => fieldsOf(plugin, one, path))
  const own = type === 'string' && path.length > 0 ? [{ plugin, path: path.join('.') }] : []
  return [...own, ...below, ...inside]
}

const fields = plugins.flatMap((plugin) =>
  [plugin.schema, plugin.consumerSchema, plugin.metadataSchema].flatMap((schema) => fieldsOf(plugin.name, schema)),
)
const encrypted = plugins.flatMap(({ name, encrypted = [] }) => encrypted.map((path) => ({ plugin: name, path })))
const nameOf = ({ plugin, path }: Field): string => `${plugin} ${path}`

test('fields named like secrets are encrypted, or excepted with a reason', () => {
  const marked = new Set(encrypted.map(nameOf))
  const open = fields.filter(({ path }) => SECRET.test(path.split('.').at(-1) as string)).map(nameOf)
  const found = [...new Set(open)].filter((name) => !marked.has(name)).sort()
  assert.deepEqual(found, Object.keys(NO_SECRETS).sort())
})

/** Limits inside rules of workflow, whose configuration the schema leaves open. */
const inActions = { redis_password: 'in-clear', sentinel_password: 'in-clear' }
const samples = plugins.flatMap(({ name, encrypted }) => {
  if (!encrypted) return []
  if (name === 'workflow') return [{ name, encrypted, conf: { rules: [{ actions: [['limit-count', inActions]] }] } }]
  return [{ name, encrypted, conf: encrypted.map(sampleOf).reduce(merge, {}) }]
})

/** A configuration with a text at this path, in an object: lists are gone through in the same way. */
function sampleOf(path: string): Resource {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), 'in-clear') as Resource
}

function merge(a: Resource, b: Resource): Resource {
  const joined = Object.entries(b).map(([name, value]) => {
    const other = a[name]
    const both = typeof other === 'object' && typeof value === 'object'
    return [name, both ? merge(other as Resource, value as Resource) : value]
  })
  return { ...a, ...Object.fromEntries(joined) }
}

const catalog = createCatalog(plugins)
const boxOf = (...keyring: string[]): Secretbox => new Secretbox(keyring)
const secrecyOf = (box: Secretbox) =>
  createSecrecy(catalog, { encrypt: (text) => box.encrypt(text), decrypt: (text) => box.decrypt(text) ?? text })

for (const [old, next] of [
  ['qeddd145sfvddff3', '0123456789abcdef'],
  ['qeddd145sfvddff3', '0123456789abcdef0123456789abcdef'],
  ['fedcba9876543210fedcba9876543210', '0123456789abcdef'],
] as const) {
  test(`keys of ${old.length} and then ${next.length} bytes: what the old one sealed opens, the new one seals`, () => {
    const before = secrecyOf(boxOf(old))
    const after = secrecyOf(boxOf(next, old))
    const resources = [
      ...samples.map(({ name, conf }) => ['routes', { plugins: { [name]: conf } }] as const),
      ['ssls', { cert: 'public', key: 'in-clear', keys: ['in-clear'] }] as const,
      ['upstreams', { tls: { client_key: 'in-clear' } }] as const,
    ]
    for (const [kind, resource] of resources) {
      const [was, is] = [before.seal(kind, resource), after.seal(kind, resource)]
      for (const sealed of [was, is]) {
        assert.ok(!JSON.stringify(sealed).includes('in-clear'), JSON.stringify(sealed))
        assert.deepEqual(after.open(kind, sealed), resource)
      }
      assert.notDeepEqual(is, was)
      assert.notDeepEqual(before.open(kind, is), resource, 'the old key alone opens what the new one sealed')
    }
  })
}

test('what is encrypted is hidden from a model', () => {
  for (const { name, conf } of samples) {
    const kind = catalog.get(name)?.consumerSchema ? 'consumers' : 'routes'
    const shown = JSON.stringify(redact(kind, { plugins: { [name]: conf } }))
    assert.ok(!shown.includes('in-clear') && shown.includes(HIDDEN), shown)
  }
})

test('access data of secret managers is hidden from a model', () => {
  for (const resource of [
    { token: 'in-clear' },
    { secret_access_key: 'in-clear', session_token: 'in-clear' },
    { auth_config: { private_key: 'in-clear' } },
  ])
    assert.ok(!JSON.stringify(redact('secrets', resource)).includes('in-clear'))
})
