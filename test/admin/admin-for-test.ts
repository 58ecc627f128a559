// An Admin API over a memory store, with plugins that have just enough schema for the tests.
import { createCipheriv, createDecipheriv } from 'node:crypto'
import Type from 'typebox'
import { type Admin, type AdminOptions, createAdmin } from '../../src/admin/admin.ts'
import { type Control, createControl } from '../../src/admin/control.ts'
import type { SecretBox } from '../../src/admin/secrecy.ts'
import { checkVars } from '../../src/gateway/router/vars.ts'
import { plugins } from '../../src/plugins/index.ts'
import { createCatalog, type PluginFacts } from '../../src/resources/catalog.ts'
import { createValidator } from '../../src/resources/validator.ts'
import type { Store } from '../../src/store/contract.ts'
import { MemoryStore } from '../../src/store/memory.ts'

export const ADMIN_KEY = 'admin-key-for-tests'
export const VIEWER_KEY = 'viewer-key-for-tests'

/** A Control API over an empty store. */
export function createTestControl(known: readonly PluginFacts[]): Control {
  const catalog = createCatalog(known)
  return createControl({
    store: new MemoryStore(),
    catalog,
    validator: createValidator({ catalog, checkVars }),
    health: () => [],
    serverInfo: () => ({}),
    notReady: () => undefined,
  })
}

const facts = (name: string, priority: number, more: Partial<PluginFacts>): PluginFacts => ({
  name,
  version: 0.1,
  priority,
  schema: Type.Object({}),
  ...more,
})

const LogFormat = Type.Optional(Type.Unsafe<object>({ type: 'object' }))

/** Only what the Admin API's own tests need; a plugin that exists takes the place of its namesake here. */
const STAND_INS: PluginFacts[] = [
  facts('request-id', 12015, {}),
  facts('batch-requests', 4010, {
    metadataSchema: Type.Object({ max_body_size: Type.Optional(Type.Integer({ exclusiveMinimum: 0 })) }),
  }),
  facts('cors', 4000, {
    schema: Type.Object({ allow_origins: Type.Optional(Type.String()), max_age: Type.Optional(Type.Integer()) }),
  }),
  facts('ip-restriction', 3000, {
    schema: Type.Object({ whitelist: Type.Optional(Type.Array(Type.String(), { minItems: 1 })) }),
  }),
  facts('basic-auth', 2520, {
    type: 'auth',
    consumerSchema: Type.Object({ username: Type.String(), password: Type.String() }),
    encrypted: ['password'],
    consumerKey: 'username',
  }),
  facts('jwt-auth', 2510, {
    type: 'auth',
    consumerSchema: Type.Object({ key: Type.String(), secret: Type.Optional(Type.String()) }),
    encrypted: ['secret'],
    consumerKey: 'key',
  }),
  facts('key-auth', 2500, {
    type: 'auth',
    schema: Type.Object({
      header: Type.Optional(Type.String({ default: 'apikey' })),
      query: Type.Optional(Type.String({ default: 'apikey' })),
      hide_credentials: Type.Optional(Type.Boolean({ default: false })),
      anonymous_consumer: Type.Optional(Type.String({ minLength: 1 })),
      realm: Type.Optional(Type.String({ default: 'key' })),
    }),
    consumerSchema: Type.Object({ key: Type.String() }),
    encrypted: ['key'],
    consumerKey: 'key',
  }),
  facts('limit-count', 1002, {
    schema: Type.Unsafe({
      type: 'object',
      properties: { count: { type: 'integer' }, time_window: { type: 'integer' } },
      oneOf: [{ required: ['count', 'time_window'] }, { required: ['rules'] }],
    }),
  }),
  facts('error-page', 450, { metadataSchema: Type.Object({ enable: Type.Optional(Type.Boolean()) }) }),
  facts('http-logger', 410, { metadataSchema: Type.Object({ log_format: LogFormat }) }),
  facts('file-logger', 399, {
    metadataSchema: Type.Object({ log_format: LogFormat, path: Type.Optional(Type.String()) }),
  }),
  facts('example-plugin', 0, { metadataSchema: Type.Object({ ikey: Type.Number(), skey: Type.String() }) }),
]

const real = new Map<string, PluginFacts>(plugins.map((plugin) => [plugin.name, plugin]))
const TEST_PLUGINS = [...STAND_INS.filter(({ name }) => !real.has(name)), ...plugins].sort(
  (a, b) => b.priority - a.priority,
)

/** Names of plugins that are only stand-ins, with less schema than recorded. */
export const STAND_IN_NAMES: readonly string[] = STAND_INS.map(({ name }) => name).filter((name) => !real.has(name))

// APISIX's default key; it is public, and here to compare with recorded texts.
const DEFAULT_KEY = 'qeddd145sfvddff3'

export const testSecretBox: SecretBox = {
  encrypt(clear) {
    const cipher = createCipheriv('aes-128-cbc', DEFAULT_KEY, DEFAULT_KEY)
    return Buffer.concat([cipher.update(clear), cipher.final()]).toString('base64')
  },
  decrypt(stored) {
    try {
      const decipher = createDecipheriv('aes-128-cbc', DEFAULT_KEY, DEFAULT_KEY)
      return Buffer.concat([decipher.update(stored, 'base64'), decipher.final()]).toString()
    } catch {
      return stored
    }
  },
}

export interface TestAdmin {
  admin: Admin
  store: Store
  /** Status and parsed body of one request by the admin. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<TestAnswer>
  close(): Promise<void>
}

export interface TestAnswer {
  status: number
  body: Record<string, unknown>
  headers: Headers
}

export async function createTestAdmin(options: Partial<AdminOptions> = {}): Promise<TestAdmin> {
  const store = options.store ?? new MemoryStore()
  const catalog = options.catalog ?? createCatalog(TEST_PLUGINS)
  const admin = await createAdmin({
    store,
    catalog,
    validator: createValidator({ catalog, checkVars }),
    secretBox: testSecretBox,
    keys: () => [
      { key: ADMIN_KEY, role: 'admin' },
      { key: VIEWER_KEY, role: 'viewer' },
    ],
    allowAdmin: ['127.0.0.0/8'],
    afterCommit: async (revision) => ({ servedRevision: revision }),
    onFault: (error) => {
      throw error
    },
    ...options,
  })
  return {
    admin,
    store,
    call: (method, path, body, headers) => call(admin, method, path, body, headers),
    close: async () => {
      admin.close()
      await store.close()
    },
  }
}

async function call(
  admin: Admin,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<TestAnswer> {
  const request = new Request(`http://127.0.0.1/apisix/admin${path}`, {
    method,
    headers: { 'X-API-KEY': ADMIN_KEY, ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const response = await admin.fetch(request)
  const text = await response.text()
  const parsed: unknown = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : { text }
  return { status: response.status, body: parsed as Record<string, unknown>, headers: response.headers }
}
