// What APISIX's pages of its loggers tell alike, played for one of them: the default entry, log formats of the plugin metadata and of the
// route, bodies on a condition. What a logger's page says of its own stands in its own file.
import assert from 'node:assert/strict'
import { until } from '../../until.ts'
import type { Stage, Stories, StoryRequest } from './story.ts'

// biome-ignore lint/suspicious/noExplicitAny: an entry is whatever JSON the logger has sent
export type LoggedEntry = Record<string, any>

export interface LoggerUnderTest {
  plugin: string
  /** A configuration that sends each entry at once. */
  conf: object
  /** All entries that have arrived. */
  entries(): LoggedEntry[]
  /** Members of entries that stand for requests without a log format; APISIX's default entry when absent. */
  defaultEntry?(node: string): object
  /** False: the logger has no fields for bodies. */
  bodies?: boolean
}

/** The entry of one request. */
export async function logged(
  stage: Stage,
  entries: () => LoggedEntry[],
  target: string,
  request: StoryRequest = {},
): Promise<LoggedEntry> {
  const before = entries().length
  const { status } = await stage.send(target, request)
  assert.equal(status, 200)
  return until(() => entries()[before], `no entry for ${target}`)
}

const FORMAT = {
  host: '$host',
  '@timestamp': '$time_iso8601',
  client_ip: '$remote_addr',
  env: '$http_env',
  resp_content_type: '$sent_http_Content_Type',
}
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/

export function loggerStories({ story, upstream, node }: Stories, logger: LoggerUnderTest): void {
  const { plugin, conf, entries, defaultEntry = defaultEntryOf, bodies = true } = logger
  const path = 'routes/log'
  const route = (more: object = {}): object => ({
    uri: '/anything',
    upstream,
    plugins: { [plugin]: { ...conf, ...more } },
  })

  story(`${plugin}: the default entry`, [[path, route()]], async (stage) => {
    const entry = await logged(stage, entries, '/anything')
    assert.partialDeepStrictEqual(entry, defaultEntry(node))
  })

  story(
    `${plugin}: the format of the plugin metadata, then that of the route`,
    [
      [path, route()],
      [`plugin_metadata/${plugin}`, { log_format: FORMAT }],
    ],
    async (stage) => {
      const entry = await logged(stage, entries, '/anything', { headers: { env: 'dev' } })
      assert.match(entry['@timestamp'], ISO)
      const wanted = { host: '127.0.0.1', client_ip: '127.0.0.1', env: 'dev', resp_content_type: 'application/json' }
      assert.deepEqual(entry, { ...wanted, '@timestamp': entry['@timestamp'], route_id: 'log' })
      const nested = { request: { method: '$request_method', uri: '$request_uri' }, response: { status: '$status' } }
      await stage.put(`plugin_metadata/${plugin}`, { log_format: nested })
      const { response, request } = await logged(stage, entries, '/anything?a=1')
      assert.deepEqual([request, response], [{ method: 'GET', uri: '/anything?a=1' }, { status: 200 }])
      await stage.admin('PATCH', path, { plugins: { [plugin]: { log_format: { only: '$uri', fixed: 'text' } } } })
      assert.deepEqual(await logged(stage, entries, '/anything'), { only: '/anything', fixed: 'text', route_id: 'log' })
    },
  )

  if (!bodies) return
  const onCondition = { include_req_body: true, include_req_body_expr: [['arg_log_body', '==', 'yes']] }
  const post = { method: 'POST', body: { env: 'dev' } }
  story(`${plugin}: the request's body, when a condition holds`, [[path, route(onCondition)]], async (stage) => {
    const { request } = await logged(stage, entries, '/anything?log_body=yes', post)
    assert.equal(request.body, '{"env":"dev"}')
    assert.deepEqual(request.querystring, { log_body: 'yes' })
    const without = await logged(stage, entries, '/anything', post)
    assert.equal('body' in without.request, false)
  })

  const both = { include_req_body: true, include_resp_body: true }
  story(`${plugin}: bodies are cut off; a log format names them`, [[path, route(both)]], async (stage) => {
    const whole = await logged(stage, entries, '/anything?body=answer', post)
    assert.deepEqual([whole.request.body, whole.response.body], ['{"env":"dev"}', 'answer'])
    await stage.put(path, route({ ...both, max_req_body_bytes: 3, max_resp_body_bytes: 2 }))
    const cut = await logged(stage, entries, '/anything?body=answer', post)
    assert.deepEqual([cut.request.body, cut.response.body], ['{"e', 'an'])
    await stage.put(path, route({ ...both, log_format: { host: '$host' } }))
    const bare = await logged(stage, entries, '/anything?body=answer', post)
    assert.deepEqual(bare, { host: '127.0.0.1', route_id: 'log' })
    await stage.put(path, route({ ...both, log_format: { sent: '$request_body', got: '$resp_body' } }))
    const named = await logged(stage, entries, '/anything?body=answer', post)
    assert.deepEqual(named, { sent: '{"env":"dev"}', got: 'answer', route_id: 'log' })
  })
}

function defaultEntryOf(node: string): object {
  return {
    request: { method: 'GET', uri: '/anything', querystring: {} },
    response: { status: 200, headers: { 'content-type': 'application/json' } },
    server: {},
    client_ip: '127.0.0.1',
    service_id: '',
    route_id: 'log',
    upstream: node,
  }
}
