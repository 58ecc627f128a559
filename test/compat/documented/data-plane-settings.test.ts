// docs: config.yaml (delete_uri_tail_slash, normalize_uri_like_servlet, show_upstream_status_in_response_header, enable_server_tokens, trusted_addresses)
import { startStories } from './story.ts'

const { story, upstream } = await startStories({
  GATEWARD_GATEWAY_DELETE_URI_TAIL_SLASH: 'true',
  GATEWARD_GATEWAY_NORMALIZE_URI_LIKE_SERVLET: 'true',
  GATEWARD_GATEWAY_SHOW_UPSTREAM_STATUS_IN_RESPONSE_HEADER: 'true',
  GATEWARD_GATEWAY_ENABLE_SERVER_TOKENS: 'false',
  GATEWARD_GATEWAY_TRUSTED_ADDRESSES: '127.0.0.1',
})

story(
  'a slash at the end does not matter for the match, and is passed on',
  [['routes/1', { uri: '/hello', upstream }]],
  [
    { get: '/hello/', status: 200, body: { url: '/hello/' } },
    { get: '/hello', status: 200 },
    { get: '/', status: 404 },
  ],
)

story(
  'parameters of segments do not matter for the match, and are passed on; dots behind them are refused',
  [['routes/1', { uris: ['/hello/world', '/'], upstream }]],
  [
    { get: '/hello;v=1/world;x', status: 200, body: { url: '/hello;v=1/world;x' } },
    { get: '/', status: 200 },
    { get: '/a/..;/hello/world', status: 400 },
    { get: '/.;a/hello/world', status: 400 },
    { get: '/%252e;/hello/world', status: 400 },
    { get: '/;a/hello/world', status: 400 },
  ],
)

story(
  'the status of the upstream, and no version',
  [['routes/1', { uri: '/hello', upstream }]],
  [{ get: '/hello', status: 200, fields: { 'x-apisix-upstream-status': '200', server: 'Gateward' } }],
)

const told = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'out.example:444', 'X-Forwarded-Port': '444' }
story(
  'a trusted peer is believed about its client',
  [
    ['routes/1', { uri: '/hello', upstream }],
    [
      'routes/2',
      {
        uri: '/hello',
        priority: 1,
        vars: [['http_x_forwarded_port', '==', '445']],
        upstream,
        plugins: { redirect: { uri: '/x' } },
      },
    ],
    ['routes/3', { uri: '/secure', upstream, plugins: { redirect: { http_to_https: true } } }],
  ],
  [
    {
      get: '/hello',
      headers: told,
      status: 200,
      seen: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'out.example:444', 'x-forwarded-port': '444' },
    },
    { get: '/hello', headers: { 'X-Forwarded-Port': '445' }, status: 302 },
    { get: '/secure', headers: told, status: 200 },
    { get: '/secure', status: 301 },
  ],
)
