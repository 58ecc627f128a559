// Every setting, once: from this schema come the checks of gateward.yaml, the environment and the flags, the TypeScript type and
// docs/settings.md. A setting's place gives its names: `gateway.http`, GATEWARD_GATEWAY_HTTP, `--gateway-http`. Lists of objects and
// maps can only be set in the file. `expected` is what a message says about a wrong value.

import { availableParallelism } from 'node:os'
import Type, { type Static } from 'typebox'
import { gateway } from './gateway-schema.ts'
import { addressOrOff, count, fileName, fixedPorts, networks, section, text, tlsFiles, variableName } from './parts.ts'

const stream = section('Ports of stream routes.', {
  tcp: fixedPorts('where TCP connections are served'),
  tls: fixedPorts(
    'where TLS connections are served, with the certificates of the ssl resources; the upstream gets what is inside',
  ),
  udp: fixedPorts('where UDP datagrams are served'),
  proxy_protocol: Type.Boolean({
    description: 'whether the TCP and TLS ports speak the PROXY protocol, as those of `gateway.proxy_protocol` do',
    default: false,
  }),
  proxy_protocol_to_upstream: Type.Boolean({
    description:
      'whether the upstreams of TCP and TLS connections are told of the client by the PROXY protocol, version 1',
    default: false,
  }),
  connections: count('TCP connections that one thread has at a time', 10_000, 1, 1_000_000),
  udp_sessions: count(
    'UDP sessions (clients by address and port) that one thread has at a time on one port',
    4096,
    1,
    100_000,
  ),
  udp_idle_seconds: count(
    'seconds of silence that end a UDP session, unless the upstream has a read timeout',
    60,
    1,
    86_400,
  ),
})

const admin = section('The Admin API.', {
  listen: addressOrOff('where it is served', '127.0.0.1:9180'),
  key: Type.Optional(
    text(
      'key of the role admin; when it is not set, one is made and kept in `admin.key` in the data directory; another one written there is in force a second later',
      {
        writeOnly: true,
      },
    ),
  ),
  viewer_key: Type.Optional(
    text(
      'key of the role viewer, who cannot write; `generate` makes one and keeps it in `viewer.key`, as `admin.key`',
      {
        writeOnly: true,
      },
    ),
  ),
  allow: networks("who may connect, this machine's own chat and command line included", ['127.0.0.0/24']),
  tls: tlsFiles(
    "Its TLS; plain HTTP when no certificate is set. With `ca_file` a client needs a certificate; the gateway's own chat and command line show `cert_file`.",
    { ca_file: ['cert_file'] },
  ),
})

const etcd = section(
  'How the store `etcd://` is reached.',
  {
    user: Type.Optional(text('user name', { examples: ['gateward'] })),
    password: Type.Optional(text('password', { writeOnly: true })),
    timeout_ms: count('milliseconds that one call may take', 5000, 100, 60_000),
    tls: tlsFiles('Files for `etcds://`.'),
  },
  { dependencies: { user: ['password'], password: ['user'] } },
)

const policy = Type.Union([Type.Literal('always'), Type.Literal('destructive'), Type.Literal('read-only')], {
  description:
    '`always`: a person approves each change; `destructive`: only deletions, consumers, global rules and plugins that run code or send data elsewhere; `read-only`: nothing is written',
})

const target = Type.Object(
  {
    name: text('how the target is called', {
      pattern: '^[a-z0-9][a-z0-9_-]{0,62}$',
      expected: 'a name of a-z, 0-9, - and _',
    }),
    admin_url: text('its Admin API', { format: 'http-url', expected: 'an http or https URL' }),
    gateway_url: Type.Optional(
      text('where it serves requests', { format: 'http-url', expected: 'an http or https URL' }),
    ),
    metrics_url: Type.Optional(
      text('its Prometheus endpoint, for `traffic` and the blast radius of plans', {
        format: 'http-url',
        expected: 'an http or https URL',
        examples: ['http://10.0.0.5:9091/apisix/prometheus/metrics'],
      }),
    ),
    key_env: variableName('its Admin API key'),
    key_file: fileName('its Admin API key'),
    policy: { ...policy, default: 'always' },
  },
  { additionalProperties: false },
)

const token = Type.Object(
  {
    name: text('who uses it, for the audit log', {
      pattern: '^[a-z0-9][a-z0-9_-]{0,62}$',
      expected: 'a name of a-z, 0-9, - and _',
    }),
    key_env: variableName('the token, at least 16 characters'),
    key_file: fileName('the token, at least 16 characters'),
    scopes: Type.Array(
      Type.Union([Type.Literal('read'), Type.Literal('plan'), Type.Literal('apply'), Type.Literal('approve')]),
      {
        description:
          'what it may do; `apply` writes only what a person approved, `approve` lets its client carry an approval of its person',
        default: ['read'],
        minItems: 1,
        maxItems: 4,
      },
    ),
  },
  { additionalProperties: false },
)

const model = section('The language model of the chat.', {
  provider: Type.Union(
    [
      Type.Literal('builtin'),
      Type.Literal('openai'),
      Type.Literal('anthropic'),
      Type.Literal('google'),
      Type.Literal('openai-compatible'),
    ],
    { description: '`builtin` needs neither network nor key', default: 'builtin' },
  ),
  name: Type.Optional(text('the model', { examples: ['llama3.3'] })),
  base_url: Type.Optional(
    text('address of an OpenAI-compatible server', {
      format: 'http-url',
      expected: 'an http or https URL',
      examples: ['http://127.0.0.1:11434/v1'],
    }),
  ),
  key_env: variableName("the provider's key"),
  key_file: fileName("the provider's key"),
})

/** The schema of all settings. */
export const SettingsSchema = Type.Object(
  {
    data_dir: text('directory of what the gateway keeps; a relative one begins at the current directory', {
      default: '.gateward',
    }),
    threads: count(
      "threads of the data plane; the processor's cores when it is not set",
      availableParallelism(),
      1,
      256,
    ),
    store: text(
      'where the configuration is: `sqlite`, `memory`, `etcd://host:port[,host:port][/prefix]`, `etcds://...`, `yaml:path` of an `apisix.yaml` or `apisix.json`',
      {
        default: 'sqlite',
        pattern: '^(sqlite|memory|etcds?://.+|yaml:.+)$',
        expected: 'sqlite, memory, etcd://host:port[,host:port][/prefix], etcds://... or yaml:path',
      },
    ),
    log: section('The log, on standard error.', {
      level: Type.Union(
        ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
        { description: 'the least important message that is shown', default: 'info' },
      ),
    }),
    gateway,
    stream,
    admin,
    control: section('The control API.', { listen: addressOrOff('where it is served', '127.0.0.1:9090') }),
    status: section('The status API.', { listen: addressOrOff('where it is served', 'off') }),
    secrets: section('Values of secret managers (`$secret://` references).', {
      ttl_seconds: count('seconds after which a value is asked for again', 300, 1, 86_400),
      retry_seconds: count(
        'seconds between two questions to a manager that fails; the first ones come sooner',
        60,
        1,
        3600,
      ),
      stale_seconds: count('seconds that a value is kept while its manager cannot be asked', 86_400, 0, 31_536_000),
    }),
    metrics: section('The Prometheus exporter.', { listen: addressOrOff('where it is served', '127.0.0.1:9091') }),
    surface: section('Console, chat, MCP and the ChatGPT surfaces.', {
      listen: addressOrOff('where they are served', '127.0.0.1:5000'),
      public_url: Type.Optional(
        text('address under which others reach them', { format: 'http-url', expected: 'an http or https URL' }),
      ),
      oauth: Type.Optional(
        Type.Object(
          {
            issuer: text('the identity provider that signs access tokens, as it stands in them', {
              format: 'http-url',
              expected: 'an http or https URL',
              examples: ['https://login.example'],
            }),
            audience: Type.Optional(text('what a token must be for; the address of `/mcp` when it is not set')),
            jwks_url: Type.Optional(
              text("where the issuer's keys are, when its metadata does not say", {
                format: 'http-url',
                expected: 'an http or https URL',
              }),
            ),
            scope_prefix: text('before the names of the scopes: read, plan, apply, approve', { default: 'gateward:' }),
          },
          {
            description: 'access tokens of an identity provider outside, for `/mcp` and `/v1/operations` (OAuth 2.1)',
            additionalProperties: false,
          },
        ),
      ),
      tokens: Type.Array(token, {
        description:
          'bearer tokens for `/mcp` and `/v1/operations`; needed when `surface.listen` is not a loopback address',
        default: [],
        maxItems: 100,
      }),
    }),
    etcd,
    data_encryption: section(
      "Encryption at rest of the plugins' secret fields and of private keys, as APISIX does it.",
      {
        enable: Type.Boolean({ description: 'whether these fields are encrypted', default: true }),
        keyring: Type.Array(
          Type.String({
            pattern: '^([ -~]{16}|[ -~]{32})$',
            expected: '16 or 32 characters of ASCII',
            writeOnly: true,
          }),
          {
            description:
              'the first key encrypts, all decrypt; the default is that of APISIX, known to everybody: set your own',
            default: ['qeddd145sfvddff3', 'edd1c9f0985e76a2'],
            minItems: 1,
            maxItems: 16,
            writeOnly: true,
          },
        ),
      },
    ),
    plugins: section('Plugins.', {
      enable: Type.Optional(
        Type.Array(text('a name'), { description: 'plugins that may be used; all when it is not set' }),
      ),
      attr: Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
        description: 'attributes of plugins, by name of the plugin',
        default: {},
      }),
    }),
    model,
    targets: Type.Array(target, { description: 'gateways to operate beside this one', default: [], maxItems: 100 }),
    openapi: section('Import of OpenAPI documents.', {
      fetch_networks: networks(
        'private networks that a document may be fetched from by its address, beside the internet',
        ['127.0.0.0/8', '::1/128'],
      ),
    }),
    approvals: section('Approval of changes by a person.', {
      policy: { ...policy, default: 'always' },
      surfaces: section('Policies of single surfaces; the stricter one of surface and target counts.', {
        chat: Type.Optional(policy),
        console: Type.Optional(policy),
        mcp: Type.Optional(policy),
        openai: Type.Optional(policy),
        rest: Type.Optional(policy),
        cli: Type.Optional(policy),
      }),
      expire_seconds: count('seconds until a plan that nobody has approved is void', 900, 10, 86_400),
    }),
  },
  { additionalProperties: false },
)

/** All settings, checked and with their defaults. */
export type Settings = Static<typeof SettingsSchema>
