// What each plugin costs: CPU microseconds per request of a route with it, less those of the same route without, one after the other on the same
// process and core. `npm run bench:plugins` (Linux; nginx-light and wrk from Debian); writes its section of docs/benchmarks.md; `-- gzip brotli` measures these alone and writes nothing. A plugin that asks
// somebody else is measured with a service that answers at once: what is counted is our own work for it.
import { createHmac } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { plugins } from '../src/plugins/index.ts'
import { type Peer, wrk } from './load.ts'
import { type Gateward, gateward, LOAD_CORE, nextPort, nginx, pinned, upstreamAt } from './processes.ts'
import { writeSection } from './report.ts'

/** Some plugins by name: then nothing is written. */
const CHOSEN = process.argv.slice(2)
const ROUNDS = 3
const SECONDS = 1
const WARM_UP_S = 1

interface Case {
  conf: object
  /** Header fields of the requests. */
  headers?: Record<string, string>
  /** What was measured, where that is not plain. */
  note?: string
}

const KEY = 'the-key-of-the-benchmark'
const JWT_SECRET = 'a-secret-of-the-benchmark-only-0001'

/** Why a plugin has no figure. */
const NOT_MEASURED: Record<string, string> = {
  'exit-transformer': 'refuses every configuration: it is Lua',
  'serverless-pre-function': 'refuses every configuration: it is Lua',
  'serverless-post-function': 'refuses every configuration: it is Lua',
  'batch-requests': 'an interface of its own',
  'public-api': 'an interface of its own',
  'node-status': 'an interface of its own',
  'server-info': 'reports, and sees no requests',
  'error-page': 'sees errors only',
  'openapi-to-mcp': 'answers calls of tools, no plain requests',
  'grpc-transcode': 'calls of gRPC services',
  'grpc-web': 'calls of gRPC services',
  degraphql: 'calls of GraphQL services',
  'openid-connect': 'needs a provider',
  'ldap-auth': 'needs a directory server',
  'kafka-logger': 'needs a broker',
  'jwe-decrypt': 'needs an encrypted token',
  'hmac-auth': 'each request needs a signature of its own time',
}

function casesWith(service: string, sink: number): Record<string, Case> {
  const url = `http://${service}`
  const batched = { batch_max_size: 1000, inactive_timeout: 1 }
  return {
    'real-ip': { conf: { source: 'http_x_forwarded_for' }, headers: { 'X-Forwarded-For': '10.1.2.3' } },
    'client-control': { conf: { max_body_size: 1024 } },
    'proxy-control': { conf: { request_buffering: true } },
    'request-id': { conf: {} },
    zipkin: { conf: { endpoint: `${url}/spans`, sample_ratio: 1 } },
    opentelemetry: { conf: { sampler: { name: 'always_on' } } },
    'fault-injection': { conf: { abort: { http_status: 503, percentage: 0 } }, note: 'chance 0' },
    mocking: { conf: { response_example: 'x'.repeat(64) }, note: 'answers in place of the upstream' },
    cors: { conf: {}, headers: { Origin: 'https://app.example' } },
    'ip-restriction': { conf: { whitelist: ['127.0.0.0/8', '10.0.0.0/8'] } },
    'ua-restriction': { conf: { denylist: ['bad-bot'] }, headers: { 'User-Agent': 'wrk' } },
    'referer-restriction': { conf: { bypass_missing: true, whitelist: ['*.example'] } },
    csrf: { conf: { key: KEY } },
    'uri-blocker': { conf: { block_rules: ['\\.env$', 'wp-admin'] } },
    'request-validation': { conf: { header_schema: { type: 'object', required: ['x-a'] } }, headers: { 'X-A': '1' } },
    'multi-auth': {
      conf: { auth_plugins: [{ 'basic-auth': {} }, { 'key-auth': {} }] },
      headers: { apikey: KEY },
      note: 'the second way',
    },
    'basic-auth': { conf: {}, headers: { Authorization: `Basic ${btoa(`bench:${KEY}`)}` } },
    'jwt-auth': { conf: {}, headers: { Authorization: token() } },
    'key-auth': { conf: {}, headers: { apikey: KEY } },
    acl: { conf: { allow_labels: { team: ['bench'] } }, headers: { apikey: KEY }, note: 'with key-auth' },
    'consumer-restriction': { conf: { whitelist: ['bench'] }, headers: { apikey: KEY }, note: 'with key-auth' },
    'attach-consumer-label': {
      conf: { headers: { 'X-Team': '$team' } },
      headers: { apikey: KEY },
      note: 'with key-auth',
    },
    'forward-auth': { conf: { uri: `${url}/auth` }, note: 'a question for each request' },
    opa: { conf: { host: url, policy: 'p' }, note: 'a question for each request' },
    'data-mask': { conf: { request: [{ type: 'query', name: 'token', action: 'remove' }] } },
    'proxy-cache': {
      conf: { cache_strategy: 'memory', cache_zone: 'memory_cache', cache_ttl: 300 },
      note: 'every answer from memory',
    },
    'body-transformer': { conf: { response: { template: '{"body": 1}', input_format: 'plain' } } },
    'proxy-mirror': { conf: { host: url }, note: 'a copy of each request' },
    'proxy-rewrite': { conf: { uri: '/x', headers: { set: { 'X-A': '$remote_addr' } } } },
    workflow: { conf: { rules: [{ case: [['uri', '==', '/none']], actions: [['return', { code: 403 }]] }] } },
    'api-breaker': {
      conf: {
        break_response_code: 502,
        unhealthy: { http_statuses: [500], failures: 3 },
        healthy: { http_statuses: [200], successes: 1 },
      },
    },
    'limit-conn': { conf: { conn: 1000, burst: 100, default_conn_delay: 0.1, key: 'remote_addr' } },
    'limit-count': { conf: { count: 100_000_000, time_window: 60, key: 'remote_addr' } },
    'limit-req': { conf: { rate: 10_000_000, burst: 1000, key: 'remote_addr', nodelay: true } },
    brotli: {
      conf: { min_length: 20, types: '*' },
      headers: { 'Accept-Encoding': 'br' },
      note: 'every answer compressed',
    },
    gzip: {
      conf: { min_length: 20, types: '*' },
      headers: { 'Accept-Encoding': 'gzip' },
      note: 'every answer compressed',
    },
    'traffic-label': { conf: { rules: [{ actions: [{ set_headers: { 'X-A': 'a' } }] }] } },
    'traffic-split': { conf: { rules: [{ weighted_upstreams: [{ weight: 1 }, { weight: 1 }] }] } },
    redirect: { conf: { uri: '/other' }, note: 'answers in place of the upstream' },
    'response-rewrite': { conf: { headers: { set: { 'X-A': 'a' } } } },
    prometheus: { conf: {} },
    'loki-logger': { conf: { endpoint_addrs: [url], ...batched } },
    'elasticsearch-logger': { conf: { endpoint_addrs: [url], field: { index: 'a' }, ...batched } },
    echo: { conf: { after_body: 'x' } },
    'http-logger': { conf: { uri: `${url}/log`, ...batched } },
    'splunk-hec-logging': { conf: { endpoint: { uri: `${url}/s`, token: KEY }, ...batched } },
    'tcp-logger': { conf: { host: '127.0.0.1', port: sink, ...batched } },
    syslog: { conf: { host: '127.0.0.1', port: sink, ...batched } },
    'udp-logger': { conf: { host: '127.0.0.1', port: sink, ...batched } },
    'file-logger': { conf: { path: join(tmpdir(), 'gateward-bench.log') } },
  }
}

function token(): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode({ key: 'bench', exp: 4_000_000_000 })}`
  return `${text}.${createHmac('sha256', JWT_SECRET).update(text).digest('base64url')}`
}

/** Plugins that only do something for a known caller. */
const AFTER_KEY_AUTH = new Set(['acl', 'consumer-restriction', 'attach-consumer-label'])

function measured(gateway: Gateward, headers: Record<string, string>, seconds: number): number {
  const peer: Peer = {
    name: 'Gateward',
    version: '',
    url: `http://127.0.0.1:${gateway.http}/`,
    headers,
    pid: gateway.pid,
  }
  return wrk(peer, seconds).cpuUs
}

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1] as number

/** Both routes take turns, so that a slow minute of the machine meets both. */
async function costOf(gateway: Gateward, name: string, { conf, headers = {} }: Case, backend: number): Promise<number> {
  const upstream = upstreamAt(backend)
  const keyed = AFTER_KEY_AUTH.has(name) ? { 'key-auth': {} } : {}
  const use = (plugins: object): Promise<void> => gateway.put('/routes/bench', { uri: '/*', upstream, plugins })
  const [bare, own]: [number[], number[]] = [[], []]
  await use({ ...keyed, [name]: conf })
  measured(gateway, headers, WARM_UP_S)
  for (let round = 0; round < ROUNDS; round++) {
    await use({ ...keyed, [name]: conf })
    own.push(measured(gateway, headers, SECONDS))
    await use(keyed)
    bare.push(measured(gateway, headers, SECONDS))
  }
  return median(own) - median(bare)
}

const directory = mkdtempSync(join(tmpdir(), 'gateward-bench-'))
try {
  const [backend, sink] = [nextPort(), nextPort()]
  const body = '0123456789abcdef'.repeat(4)
  await nginx(
    directory,
    LOAD_CORE,
    backend,
    `server { listen 127.0.0.1:${backend}; default_type text/plain; location / { return 200 "${body}"; }
      location /v1/data { return 200 '{"result":{"allow":true}}'; } }`,
  )
  pinned(LOAD_CORE, process.execPath, [
    '-e',
    `require('net').createServer((s) => s.resume()).listen(${sink}, '127.0.0.1')`,
  ])
  const own = await gateward(directory)
  const credentials = {
    'key-auth': { key: KEY },
    'basic-auth': { username: 'bench', password: KEY },
    'jwt-auth': { key: 'bench', secret: JWT_SECRET },
  }
  await own.put('/consumers/bench', { username: 'bench', labels: { team: 'bench' }, plugins: credentials })
  await own.put('/plugin_metadata/opentelemetry', { collector: { address: `127.0.0.1:${backend}` } })
  const cases = casesWith(`127.0.0.1:${backend}`, sink)
  const missing = plugins.filter(({ name }) => !cases[name] && !NOT_MEASURED[name]).map(({ name }) => name)
  if (missing.length) throw new Error(`no case and no reason for ${missing.join(', ')}`)
  const rows: string[] = []
  for (const { name } of plugins) {
    const one = cases[name]
    if (!one || (CHOSEN.length > 0 && !CHOSEN.includes(name))) continue
    const cost = await costOf(own, name, one, backend)
    rows.push(`| ${name} | ${cost.toFixed(1)} | ${one.note ?? ''} |`)
    console.log(`${name}: ${cost.toFixed(1)} us`)
  }
  const text = `## Plugins

CPU us per request that a plugin adds to a bare route (64 bytes, 64 connections, one thread), on ${new Date().toISOString().slice(0, 10)} (\`npm run bench:plugins\`). Differences
below 1 us are noise; below 0 an answer is made here and no upstream is asked.

| plugin | us | |
|---|---|---|
${rows.join('\n')}

Not measured: ${Object.entries(NOT_MEASURED)
    .map(([name, why]) => `${name} (${why})`)
    .join(', ')}.
`
  if (CHOSEN.length === 0) writeSection('plugins', text)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit() // the processes end with it
