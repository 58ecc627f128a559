// The settings as the data plane takes them: addresses parsed, times in milliseconds, paths from the data directory.
import { resolve } from 'node:path'
import type { DataPlaneOptions } from './gateway/data-plane.ts'
import type { Address } from './gateway/listener.ts'
import { allocateMemory } from './gateway/plugin-memory.ts'
import { parseAddress } from './lib/address.ts'
import { plugins } from './plugins/index.ts'
import { readNodeId } from './settings/node-id.ts'
import type { Settings } from './settings/schema.ts'

/** Keys that limit counters have room for at a time. */
const COUNTER_KEYS = 262_144
/** Upstream nodes that health checks have room for. */
const CHECKED_NODES = 16_384

/** The data plane's options, but for what the running process brings: the configuration, secrets, the log and the metrics. */
export function toPlaneOptions(
  settings: Settings,
): Omit<DataPlaneOptions, 'log' | 'snapshot' | 'secrets' | 'version' | 'metricsText'> {
  const { gateway, stream } = settings
  const toAddresses = (list: string[]): Address[] => list.map((text) => parseAddress(text) as Address)
  return {
    threads: settings.threads,
    counterKeys: COUNTER_KEYS,
    checkedNodes: CHECKED_NODES,
    listen: toAddresses(gateway.http),
    listenTls: toAddresses(gateway.https),
    listenProxied: toAddresses(gateway.proxy_protocol.http),
    listenTlsProxied: toAddresses(gateway.proxy_protocol.https),
    stream: {
      tcp: toAddresses(stream.tcp),
      tls: toAddresses(stream.tls),
      udp: toAddresses(stream.udp),
      proxyProtocol: stream.proxy_protocol,
      proxyToUpstream: stream.proxy_protocol_to_upstream,
      maxConnections: stream.connections,
      maxUdpSessions: stream.udp_sessions,
      udpIdleMs: stream.udp_idle_seconds * 1000,
    },
    accessLog:
      gateway.access_log.file === undefined
        ? undefined
        : { file: resolve(settings.data_dir, gateway.access_log.file), format: gateway.access_log.format },
    limits: {
      headBytes: gateway.head_bytes,
      targetBytes: gateway.target_bytes,
      fields: gateway.header_count,
      headTimeoutMs: gateway.head_timeout_ms,
      bodyTimeoutMs: gateway.body_timeout_ms,
      keepaliveTimeoutMs: gateway.keepalive_timeout_ms,
      sendTimeoutMs: gateway.send_timeout_ms,
      keepaliveRequests: gateway.keepalive_requests,
      bodyBytes: gateway.body_bytes,
    },
    http2: gateway.enable_http2 ? { concurrentStreams: gateway.http2_concurrent_streams } : undefined,
    routerMode: gateway.router,
    enabledPlugins: settings.plugins.enable,
    attributes: withHttpsPort(settings),
    dns: { servers: gateway.dns_servers, validSeconds: gateway.dns_resolver_valid },
    healthChecks: !gateway.disable_upstream_healthcheck,
    dataDir: resolve(settings.data_dir),
    memory: allocateMemory(plugins, settings.plugins.attr),
    nodeId: readNodeId(settings.data_dir),
    logLevel: settings.log.level,
    trustedProxies: gateway.trusted_proxies,
    realIpHeader: gateway.real_ip_header,
    realIpRecursive: gateway.real_ip_recursive,
    tls: { fallbackSni: gateway.fallback_sni, versions: gateway.ssl_protocols, ciphers: gateway.ssl_ciphers },
    manners: {
      deleteUriTailSlash: gateway.delete_uri_tail_slash,
      normalizeUriLikeServlet: gateway.normalize_uri_like_servlet,
      showUpstreamStatus: gateway.show_upstream_status_in_response_header,
      serverTokens: gateway.enable_server_tokens,
      trustedAddresses: gateway.trusted_addresses,
    },
  }
}

/** `redirect` sends to the port where HTTPS is served, unless its attributes name another. */
function withHttpsPort({ plugins: { attr }, gateway }: Settings): Settings['plugins']['attr'] {
  const port = Number(gateway.https?.[0]?.split(':').at(-1))
  return port > 0 ? { ...attr, redirect: { https_port: port, ...attr.redirect } } : attr
}
