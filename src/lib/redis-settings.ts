// How a configuration names the Redis that keeps its counters: the fields of each policy, in APISIX's words, and what they mean together.
import Type, { type Static, type TSchema, type TSchemaOptions } from 'typebox'
import { withDefaults } from './schema-defaults.ts'
import { oneOfTexts } from './schema-types.ts'

export type RedisPolicy = 'redis' | 'redis-cluster' | 'redis-sentinel'

const timing = {
  redis_timeout: Type.Integer({
    title: 'Timeout',
    description: 'milliseconds for a connection and for each answer',
    minimum: 1,
    default: 1000,
    examples: [500],
  }),
  redis_keepalive_timeout: Type.Integer({
    title: 'Keep-alive',
    description: 'milliseconds after which an unused connection is closed',
    minimum: 1000,
    default: 10_000,
    examples: [60_000],
  }),
  redis_keepalive_pool: Type.Integer({
    title: 'Kept connections',
    description: 'unused connections that are kept at most; a thread’s requests share one, so one is enough',
    minimum: 1,
    default: 100,
    examples: [10],
  }),
}

const access = {
  redis_username: Type.Optional(
    Type.String({ title: 'User', description: 'user of Redis’s access lists', minLength: 1, examples: ['gateway'] }),
  ),
  redis_password: Type.Optional(
    Type.String({ title: 'Password', description: 'password of Redis', minLength: 0, examples: ['$env://REDIS'] }),
  ),
}

const database = Type.Integer({
  title: 'Database',
  description: 'number of the database',
  minimum: 0,
  default: 0,
  examples: [1],
})

function tls(prefix: string): Record<string, ReturnType<typeof Type.Boolean>> {
  return {
    [`${prefix}ssl`]: Type.Boolean({ title: 'TLS', description: 'connect with TLS', default: false, examples: [true] }),
    [`${prefix}ssl_verify`]: Type.Boolean({
      title: 'Verify',
      description: 'verify the certificate of Redis',
      default: false,
      examples: [true],
    }),
  }
}

const single = Type.Object({
  redis_host: Type.String({ title: 'Host', description: 'address of Redis', minLength: 2, examples: ['127.0.0.1'] }),
  redis_port: Type.Integer({
    title: 'Port',
    description: 'port of Redis',
    minimum: 1,
    default: 6379,
    examples: [6380],
  }),
  redis_database: database,
  ...access,
  ...timing,
  ...tls('redis_'),
})

const cluster = Type.Object({
  redis_cluster_nodes: Type.Array(Type.String({ minLength: 2, maxLength: 100 }), {
    title: 'Nodes',
    description: 'nodes of the cluster to begin with, host:port',
    minItems: 1,
    examples: [['127.0.0.1:5000', '127.0.0.1:5001']],
  }),
  redis_cluster_name: Type.String({ title: 'Name', description: 'name of the cluster', examples: ['limits'] }),
  ...access,
  ...timing,
  ...tls('redis_cluster_'),
})

const sentinel = Type.Object({
  redis_sentinels: Type.Array(
    Type.Object({
      host: Type.String({ title: 'Host', description: 'address of a sentinel', minLength: 2, examples: ['10.0.0.1'] }),
      port: Type.Integer({ title: 'Port', description: 'port of a sentinel', minimum: 1, examples: [26379] }),
    }),
    {
      title: 'Sentinels',
      description: 'sentinels to ask for the master',
      minItems: 1,
      examples: [[{ host: '10.0.0.1', port: 26379 }]],
    },
  ),
  redis_master_name: Type.String({
    title: 'Master',
    description: 'name by which the sentinels know the master',
    minLength: 1,
    examples: ['mymaster'],
  }),
  redis_role: oneOfTexts(['master'], {
    title: 'Role',
    description: 'counts are written, and so need the master',
    default: 'master',
    examples: ['master'],
  }),
  sentinel_username: Type.Optional(
    Type.String({ title: 'Sentinel user', description: 'user of the sentinels', minLength: 1, examples: ['gateway'] }),
  ),
  sentinel_password: Type.Optional(
    Type.String({
      title: 'Sentinel password',
      description: 'password of the sentinels',
      examples: ['$env://SENTINEL'],
    }),
  ),
  redis_database: database,
  ...access,
  ...timing,
  ...tls('redis_'),
})

const SCHEMAS = { redis: single, 'redis-cluster': cluster, 'redis-sentinel': sentinel } as const
const REQUIRED: Record<RedisPolicy, string[]> = {
  redis: ['redis_host'],
  'redis-cluster': ['redis_cluster_nodes', 'redis_cluster_name'],
  'redis-sentinel': ['redis_sentinels', 'redis_master_name'],
}

type Shared = { tls: boolean; verify: boolean }
export type RedisSettings =
  | ({ policy: 'redis' } & Shared & Static<typeof single>)
  | ({ policy: 'redis-cluster' } & Shared & Static<typeof cluster>)
  | ({ policy: 'redis-sentinel' } & Shared & Static<typeof sentinel>)

/** Members for the schema of a plugin with a field `policy`: each Redis policy has its own fields. */
export function redisConditions(policies: readonly RedisPolicy[]): TSchemaOptions {
  const [policy, ...others] = policies
  if (policy === undefined) return {}
  return {
    if: { properties: { policy: { const: policy } }, required: ['policy'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: Type.Partial(SCHEMAS[policy], { required: REQUIRED[policy] }),
    else: redisConditions(others),
  }
}

/** The Redis of a configuration with its defaults; undefined when it counts locally. */
export function redisSettings(conf: { policy: string }): RedisSettings | undefined {
  if (!isRedis(conf.policy)) return undefined
  const schema: TSchema = SCHEMAS[conf.policy]
  const known = Object.keys((schema as unknown as { properties: object }).properties)
  const written = Object.fromEntries(Object.entries(conf).filter(([name]) => known.includes(name)))
  const prefix = conf.policy === 'redis-cluster' ? 'redis_cluster_' : 'redis_'
  const fields = withDefaults(schema, written) as Record<string, unknown>
  return {
    policy: conf.policy,
    tls: fields[`${prefix}ssl`] === true,
    verify: fields[`${prefix}ssl_verify`] === true,
    ...fields,
  } as RedisSettings
}

function isRedis(policy: string): policy is RedisPolicy {
  return policy in SCHEMAS
}
