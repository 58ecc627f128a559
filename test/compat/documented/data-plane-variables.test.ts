// docs: apisix-variable, and nginx's variables that APISIX's users write in log formats, conditions and headers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { until } from '../../until.ts'
import { startStories } from './story.ts'

const { story, upstream, node, stage } = await startStories()
const [ip, port] = node.split(':')
const gateway = (stage.running.env.GATEWARD_GATEWAY_HTTP ?? '').split(':')

const BODY = '{"user":{"name":"ann"},"query":"mutation Star { star { id } unstar { id } }"}'

/** What each variable is in the log of the request below; a function tells whether a value will do. */
const WANTED: Record<string, unknown> = {
  balancer_ip: ip,
  balancer_port: port,
  consumer_name: 'jack',
  consumer_group_id: 'g',
  graphql_name: 'Star',
  graphql_operation: 'mutation',
  graphql_root_fields: ['star', 'unstar'],
  route_id: 'log',
  route_name: 'a-name',
  service_id: 's',
  service_name: 'a-service',
  resp_body: 'answer',
  request_body: BODY,
  matched_uri: '/v/*',
  matched_host: 'api.example',
  uri: '/v/a b',
  document_uri: '/v/a b',
  request_uri: '/v/a%20b?body=answer&header=X-From:upstream&x=%31&flag',
  real_request_uri: '/v/a%20b?body=answer&header=X-From:upstream&x=%31&flag',
  args: 'body=answer&header=X-From:upstream&x=%31&flag',
  query_string: 'body=answer&header=X-From:upstream&x=%31&flag',
  is_args: '?',
  arg_x: '1',
  host: 'api.example',
  hostname: hostname(),
  http_host: 'api.example:8080',
  http_user_agent: 'a-client',
  http_x_own: 'own',
  HTTP_X_OWN: 'own',
  cookie_session: 's1',
  scheme: 'http',
  https: '',
  request: 'POST /v/a%20b?body=answer&header=X-From:upstream&x=%31&flag HTTP/1.1',
  request_method: 'POST',
  server_protocol: 'HTTP/1.1',
  content_type: 'application/json',
  content_length: String(BODY.length),
  remote_addr: '127.0.0.1',
  binary_remote_addr: '\x7f\0\0\x01',
  connection_requests: (value: unknown) => Number(value) > 0,
  connection_time: /^\d+\.\d{3}$/,
  request_completion: 'OK',
  request_type: 'traditional_http',
  remote_port: (value: unknown) => Number(value) > 1024,
  realip_remote_addr: '127.0.0.1',
  remote_user: 'basil',
  original_x_forwarded_for: '192.0.2.7',
  proxy_add_x_forwarded_for: '192.0.2.7, 127.0.0.1',
  server_addr: gateway[0],
  server_port: gateway[1],
  status: 200,
  bytes_sent: (value: unknown) => Number(value) > 'answer'.length,
  body_bytes_sent: 'answer'.length,
  request_length: (value: unknown) => Number(value) > BODY.length,
  request_time: /^\d+\.\d{3}$/,
  msec: (value: unknown) => Math.abs(Number(value) * 1000 - Date.now()) < 60_000,
  time_iso8601: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/,
  time_local: /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}$/,
  request_id: /^[0-9a-f]{32}$/,
  pid: (value: unknown) => Number(value) > 0,
  sent_http_content_type: 'text/plain; charset=utf-8',
  sent_http_Content_Type: 'text/plain; charset=utf-8',
  upstream_http_x_from: 'upstream',
  upstream_addr: node,
  upstream_status: '200',
  upstream_response_time: /^\d+\.\d{3}$/,
  upstream_response_length: 'answer'.length.toString(),
  apisix_upstream_response_time: /^\d+\.\d{3}$/,
  upstream_unresolved_host: ip,
  upstream_connect_time: /^\d+\.\d{3}$/,
  upstream_header_time: /^\d+\.\d{3}$/,
  no_such_variable: undefined,
  arg_absent: undefined,
  ssl_client_verify: undefined,
}

const log_format = Object.fromEntries(Object.keys(WANTED).map((name) => [name, `$${name}`]))
const logger = { path: 'variables.log', include_req_body: true, include_resp_body: true, log_format }

story(
  'every variable in a log format',
  [
    ['consumer_groups/g', { plugins: { cors: {} } }],
    ['consumers/jack', { username: 'jack', group_id: 'g', plugins: { 'key-auth': { key: 'k' } } }],
    ['services/s', { name: 'a-service', upstream }],
    [
      'routes/log',
      {
        uri: '/v/*',
        name: 'a-name',
        host: 'api.example',
        service_id: 's',
        vars: [['graphql_operation', '==', 'mutation']],
        plugins: { 'key-auth': {}, 'file-logger': logger },
      },
    ],
  ],
  async () => {
    const headers = {
      Host: 'api.example:8080',
      'Content-Type': 'application/json',
      'User-Agent': 'a-client',
      'X-Own': 'own',
      apikey: 'k',
      Cookie: 'session=s1',
      Authorization: `Basic ${btoa('basil:secret')}`,
      'X-Forwarded-For': '192.0.2.7',
    }
    const target = '/v/a%20b?body=answer&header=X-From:upstream&x=%31&flag'
    const sent = await stage.send(target, { method: 'POST', headers, body: BODY })
    assert.equal(sent.status, 200)
    const line = await until(() => read(join(stage.running.directory, 'variables.log')), 'nothing was logged')
    const found = JSON.parse(line) as Record<string, unknown>
    for (const [name, wanted] of Object.entries(WANTED)) {
      const value = found[name]
      if (typeof wanted === 'function') assert.ok(wanted(value), `${name} is ${value}`)
      else if (wanted instanceof RegExp) assert.match(String(value), wanted, name)
      else assert.deepEqual(value, wanted, name)
    }
  },
)

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').split('\n')[0] || undefined
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Conditions that hold for the request of the story below, and the same with another value, which do not. */
const HOLDS: [name: string, value: string][] = [
  ['uri', '/cond'],
  ['request_uri', '/cond?a=1'],
  ['args', 'a=1'],
  ['arg_a', '1'],
  ['host', 'h.example'],
  ['http_host', 'h.example'],
  ['http_x_own', 'own'],
  ['cookie_c', 'd'],
  ['remote_addr', '127.0.0.1'],
  ['server_port', gateway[1] as string],
  ['server_addr', gateway[0] as string],
  ['scheme', 'http'],
  ['request_method', 'GET'],
  ['hostname', hostname()],
]
const conditioned = HOLDS.flatMap(([name, value]): [string, object][] => [
  [`routes/${name}`, { uri: '/cond', priority: 0, upstream, vars: [[name, '~=', value]] }],
])
story('variables in conditions', conditioned, async () => {
  const headers = { Host: 'h.example', 'X-Own': 'own', Cookie: 'c=d' }
  await stage.step({ get: '/cond?a=1', headers, status: 404 })
  for (const [name, value] of HOLDS) {
    await stage.put(`routes/${name}`, { uri: '/cond', upstream, vars: [[name, '==', value]] })
    const { status } = await stage.send('/cond?a=1', { headers })
    assert.equal(status, 200, name)
    await stage.admin('DELETE', `routes/${name}`)
  }
})
