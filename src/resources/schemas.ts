// The JSON schema of every kind, as APISIX 3.18 has it. Defaults are annotations: they are not stored, the gateway fills them in.
// `filter_func` and `script` are Lua in APISIX; the validator refuses them with a word on what to use instead.
import Type, { type TSchema } from 'typebox'
import type { Kind } from './kinds.ts'
import {
  Address,
  closedObject,
  Desc,
  HOST_PATTERN,
  Host,
  Id,
  Labels,
  Name,
  Plugins,
  stamps,
  Timeout,
} from './schema-parts.ts'
import { UpstreamSchema } from './upstream-schema.ts'

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS', 'CONNECT', 'TRACE', 'PURGE']
const described = { name: Type.Optional(Name), desc: Type.Optional(Desc), labels: Type.Optional(Labels) }
const either = (one: string, many: string) => ({
  oneOf: [{ not: { anyOf: [{ required: [one] }, { required: [many] }] } }, { required: [one] }, { required: [many] }],
})
const Uri = Type.String({ title: 'URI', minLength: 1, maxLength: 4096, example: '/speaker/*' })
const ListOf = (items: unknown) => Type.Unsafe<unknown[]>({ type: 'array', items, minItems: 1, uniqueItems: true })
const Switch = Type.Unsafe<0 | 1>({ title: 'Status', type: 'integer', enum: [1, 0], default: 1 })

const RouteSchema = closedObject(
  {
    ...stamps,
    ...described,
    uri: Type.Optional(Uri),
    uris: Type.Optional(ListOf({ ...Uri })),
    priority: Type.Optional(Type.Integer({ default: 0 })),
    methods: Type.Optional(
      Type.Unsafe<string[]>({
        title: 'Methods',
        type: 'array',
        items: { type: 'string', enum: METHODS },
        uniqueItems: true,
        example: ['GET'],
      }),
    ),
    host: Type.Optional(Host),
    hosts: Type.Optional(ListOf({ ...Host })),
    remote_addr: Type.Optional(Type.Unsafe<string>({ type: 'string', ...Address })),
    remote_addrs: Type.Optional(ListOf({ ...Address })),
    timeout: Type.Optional(Timeout),
    vars: Type.Optional(
      Type.Unsafe<unknown[]>({ title: 'Expressions', type: 'array', example: [['arg_v', '==', '2']] }),
    ),
    filter_func: Type.Optional(Type.String({ minLength: 10 })),
    script: Type.Optional(Type.String({ minLength: 10, maxLength: 102400 })),
    script_id: Type.Optional(Id),
    plugins: Type.Optional(Plugins),
    plugin_config_id: Type.Optional(Id),
    upstream: Type.Optional(UpstreamSchema),
    upstream_id: Type.Optional(Id),
    service_id: Type.Optional(Id),
    enable_websocket: Type.Optional(Type.Boolean()),
    status: Type.Optional(Switch),
  },
  {
    allOf: [
      { oneOf: [{ required: ['uri'] }, { required: ['uris'] }] },
      either('host', 'hosts'),
      either('remote_addr', 'remote_addrs'),
    ],
  },
)

const ServiceSchema = closedObject({
  ...stamps,
  ...described,
  upstream: Type.Optional(UpstreamSchema),
  upstream_id: Type.Optional(Id),
  plugins: Type.Optional(Plugins),
  hosts: Type.Optional(ListOf({ ...Host })),
  enable_websocket: Type.Optional(Type.Boolean()),
  script: Type.Optional(Type.String({ minLength: 10, maxLength: 102400 })),
})

const ConsumerSchema = closedObject({
  ...stamps,
  username: Type.String({ title: 'Username', minLength: 1, pattern: '^[a-zA-Z0-9_\\-]+$', example: 'jack' }),
  desc: Type.Optional(Desc),
  labels: Type.Optional(Labels),
  group_id: Type.Optional(Id),
  plugins: Type.Optional(Plugins),
})

const CredentialSchema = closedObject({
  ...stamps,
  ...described,
  plugins: Type.Optional(Type.Unsafe<unknown>({ ...Plugins, maxProperties: 1 })),
})

const withPlugins = { ...stamps, id: Id, plugins: Plugins }
const PluginConfigSchema = closedObject({ ...withPlugins, ...described })
const GlobalRuleSchema = closedObject(withPlugins)

const Authority = Type.String({ title: 'Certificate, PEM', minLength: 128, maxLength: 65536 })
// How long they must be at least is checked beside their form: a reference (`$env://`, `$secret://`) may be short.
const Certificate = Type.String({ title: 'Certificate, PEM or a reference to it', maxLength: 65536 })
const PrivateKey = Type.String({ title: 'Private key, PEM or a reference to it', maxLength: 65536 })

const SslSchema = closedObject(
  {
    ...stamps,
    desc: Type.Optional(Desc),
    labels: Type.Optional(Labels),
    type: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: ['server', 'client'], default: 'server' })),
    cert: Type.Optional(Certificate),
    key: Type.Optional(PrivateKey),
    certs: Type.Optional(Type.Unsafe<string[]>({ type: 'array', items: { ...Certificate } })),
    keys: Type.Optional(Type.Unsafe<string[]>({ type: 'array', items: { ...PrivateKey } })),
    sni: Type.Optional(Host),
    snis: Type.Optional(Type.Unsafe<string[]>({ type: 'array', items: { ...Host }, minItems: 1 })),
    client: Type.Optional(
      Type.Unsafe<unknown>({
        title: 'Client certificates (mTLS)',
        type: 'object',
        properties: {
          ca: { ...Authority },
          depth: { type: 'integer', minimum: 0, default: 1 },
          skip_mtls_uri_regex: { type: 'array', minItems: 1, uniqueItems: true, items: { type: 'string' } },
        },
        required: ['ca'],
      }),
    ),
    ssl_protocols: Type.Optional(
      Type.Unsafe<string[]>({
        type: 'array',
        maxItems: 3,
        uniqueItems: true,
        items: { type: 'string', enum: ['TLSv1.1', 'TLSv1.2', 'TLSv1.3'] },
      }),
    ),
    ocsp_stapling: Type.Optional(Type.Unsafe<unknown>({ type: 'object' })),
    status: Type.Optional(Switch),
  },
  {
    if: { properties: { type: { enum: ['server'] } } },
    // biome-ignore lint/suspicious/noThenProperty: the JSON Schema keyword
    then: { oneOf: [{ required: ['sni', 'key', 'cert'] }, { required: ['snis', 'key', 'cert'] }] },
    else: { required: ['key', 'cert'] },
  },
)

const ProtoSchema = closedObject({
  ...stamps,
  ...described,
  content: Type.String({ title: 'Protobuf definition', minLength: 1, maxLength: 1048576 }),
})

const StreamRouteSchema = closedObject({
  ...stamps,
  ...described,
  remote_addr: Type.Optional(Type.Unsafe<string>({ type: 'string', ...Address })),
  server_addr: Type.Optional(Type.Unsafe<string>({ type: 'string', ...Address })),
  server_port: Type.Optional(Type.Integer({ minimum: 1, maximum: 65535 })),
  sni: Type.Optional(Type.String({ pattern: HOST_PATTERN })),
  upstream: Type.Optional(UpstreamSchema),
  upstream_id: Type.Optional(Id),
  service_id: Type.Optional(Id),
  plugins: Type.Optional(Plugins),
  protocol: Type.Optional(
    Type.Unsafe<unknown>({
      type: 'object',
      properties: {
        name: { type: 'string' },
        superior_id: { ...Id },
        conf: { type: 'object' },
        logger: { type: 'array' },
      },
      required: ['name'],
    }),
  ),
})

/** Metadata of a plugin that has no schema for it: any object. */
const PluginMetadataSchema = Type.Unsafe<unknown>({ type: 'object' })

export const SCHEMAS: Readonly<Record<Exclude<Kind, 'secrets'>, TSchema>> = {
  routes: RouteSchema,
  services: ServiceSchema,
  upstreams: UpstreamSchema,
  consumers: ConsumerSchema,
  credentials: CredentialSchema,
  consumer_groups: PluginConfigSchema,
  ssls: SslSchema,
  global_rules: GlobalRuleSchema,
  plugin_configs: PluginConfigSchema,
  plugin_metadata: PluginMetadataSchema,
  protos: ProtoSchema,
  stream_routes: StreamRouteSchema,
}

const SecretUri = Type.String({
  pattern: '^[^\\/]+:\\/\\/([\\da-zA-Z.-]+|\\[[\\da-fA-F:]+\\])(:\\d+)?',
  example: 'http://127.0.0.1:8200',
})

/** Schemas of secrets by their manager. */
export const SECRET_SCHEMAS: Readonly<Record<string, TSchema>> = {
  vault: Type.Object({
    ...stamps,
    uri: SecretUri,
    prefix: Type.String(),
    token: Type.String(),
    namespace: Type.Optional(Type.String()),
  }),
  aws: Type.Object({
    ...stamps,
    access_key_id: Type.String(),
    secret_access_key: Type.String(),
    session_token: Type.Optional(Type.String()),
    region: Type.Optional(Type.String({ default: 'us-east-1' })),
    endpoint_url: Type.Optional(SecretUri),
  }),
  gcp: Type.Object(
    {
      ...stamps,
      auth_config: Type.Optional(
        Type.Object({
          client_email: Type.String({ minLength: 1 }),
          private_key: Type.String({ minLength: 1 }),
          project_id: Type.String({ minLength: 1 }),
          token_uri: Type.Optional(Type.String({ default: 'https://oauth2.googleapis.com/token' })),
          entries_uri: Type.Optional(Type.String({ default: 'https://secretmanager.googleapis.com/v1' })),
          scope: Type.Optional(Type.Array(Type.String())),
        }),
      ),
      auth_file: Type.Optional(Type.String({ minLength: 1 })),
      ssl_verify: Type.Optional(Type.Boolean({ default: true })),
    },
    { oneOf: [{ required: ['auth_config'] }, { required: ['auth_file'] }] },
  ),
}
