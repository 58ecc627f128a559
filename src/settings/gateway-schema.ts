// The settings of the data plane's HTTP side.
import Type from 'typebox'
import { addresses, count, fixedPorts, networks, section, text } from './parts.ts'

export const gateway = section('The data plane.', {
  http: addresses('where HTTP requests are served', ['127.0.0.1:9080']),
  https: addresses('where HTTPS requests are served, with the certificates of the ssl resources', ['127.0.0.1:9443']),
  router: Type.Union(
    [Type.Literal('radixtree_host_uri'), Type.Literal('radixtree_uri'), Type.Literal('radixtree_uri_with_parameter')],
    { description: 'how routes are matched', default: 'radixtree_host_uri' },
  ),
  enable_http2: Type.Boolean({
    description: 'whether HTTP/2 is served: by ALPN where HTTPS is, with prior knowledge where HTTP is',
    default: true,
  }),
  http2_concurrent_streams: count('requests at a time on one HTTP/2 connection', 128, 1, 10_000),
  head_bytes: count('bytes of a request line with its headers', 32_768, 1024, 1_048_576),
  target_bytes: count('bytes of a request target', 8192, 256, 1_048_576),
  header_count: count('headers of a request', 128, 8, 1000),
  head_timeout_ms: count('milliseconds from the first byte of a head to its end', 60_000),
  body_timeout_ms: count('milliseconds between two pieces of a request body', 60_000),
  body_bytes: count('bytes of a request body; 0: no limit', 0, 0, Number.MAX_SAFE_INTEGER),
  send_timeout_ms: count('milliseconds that a client may take no byte of a response', 10_000),
  keepalive_timeout_ms: count('milliseconds that a connection may be idle between requests', 60_000),
  keepalive_requests: count('requests on one connection', 1000),
  real_ip_header: text('header in which a trusted proxy tells the address of the client', {
    default: 'X-Real-IP',
    pattern: "^(?!proxy_protocol$)[!#$%&'*+.^_`|~0-9A-Za-z-]+$",
    expected: 'the name of a header; what the PROXY protocol tells needs none',
  }),
  real_ip_recursive: Type.Boolean({
    description:
      'whether the client is the last address in that header that is not of a trusted proxy, rather than the last one',
    default: false,
  }),
  trusted_proxies: networks('who is believed about the address of the client', ['127.0.0.1']),
  proxy_protocol: section(
    'Ports behind a balancer that tells the client by the PROXY protocol, version 1 or 2; connections without it are closed. Addresses count when they come from `gateway.trusted_proxies`.',
    {
      http: fixedPorts('where HTTP requests are served'),
      https: fixedPorts('where HTTPS requests are served'),
    },
  ),
  trusted_addresses: networks(
    'whose X-Forwarded-Proto, -Host and -Port are passed on and believed, such as a balancer that ends TLS; from others they are replaced',
    [],
  ),
  delete_uri_tail_slash: Type.Boolean({
    description: 'whether routes are matched without the slash that a path ends with',
    default: false,
  }),
  normalize_uri_like_servlet: Type.Boolean({
    description:
      'whether routes are matched without what follows a `;` in a segment of the path, as servlets do; paths that hide dots with it are refused',
    default: false,
  }),
  show_upstream_status_in_response_header: Type.Boolean({
    description: 'whether each response has X-APISIX-Upstream-Status, not only those of 5xx',
    default: false,
  }),
  enable_server_tokens: Type.Boolean({
    description: 'whether the header Server has the version of Gateward',
    default: true,
  }),
  ssl_protocols: Type.Array(Type.Union([Type.Literal('TLSv1.2'), Type.Literal('TLSv1.3')]), {
    description: 'versions of TLS, unless an ssl resource names its own',
    default: ['TLSv1.2', 'TLSv1.3'],
    minItems: 1,
    maxItems: 2,
  }),
  ssl_ciphers: Type.String({
    description:
      'ciphers of TLS 1.2 for all names, on the ports of streams too, in the notation of OpenSSL; those of TLS 1.3 are the usual ones unless the list names some (`TLS_...`)',
    format: 'ciphers',
    expected: 'ciphers that OpenSSL knows, separated by :',
    default:
      'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384',
  }),
  fallback_sni: Type.Optional(
    text(
      'name whose certificate HTTPS clients get that ask for none, as those do that call an address; refused when it is not set',
      {
        examples: ['www.example.com'],
      },
    ),
  ),
  dns_servers: Type.Array(
    Type.String({
      format: 'name-server',
      expected: 'address:port of a name server',
      examples: ['10.0.0.2:53'],
    }),
    {
      description: "name servers for upstream nodes and services; the system's when there are none",
      default: [],
      maxItems: 16,
    },
  ),
  dns_resolver_valid: Type.Optional(
    Type.Integer({
      description:
        'seconds after which names are asked for again, whatever the TTL of their records; the TTL when it is not set',
      minimum: 1,
      maximum: 86_400,
      examples: [30],
    }),
  ),
  disable_upstream_healthcheck: Type.Boolean({
    description:
      'whether the health checks of upstreams, active and passive, are all off, so that every node counts as healthy',
    default: false,
  }),
  drain_seconds: count('seconds that requests under way may take when the gateway stops', 30, 0, 3600),
  access_log: section(
    'One line for each request.',
    {
      file: Type.Optional(text('where the lines go; nowhere when it is not set', { examples: ['access.log'] })),
      format: Type.Optional(
        text(
          'the line, with `$variables`, whose values are escaped as in nginx (as JSON when the format begins with {); JSON when it is not set',
          { examples: ['$remote_addr $uri $status'] },
        ),
      ),
    },
    { dependencies: { format: ['file'] } },
  ),
})
