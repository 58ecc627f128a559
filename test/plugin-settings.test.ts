import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPluginSettings } from '../src/plugin-settings.ts'
import { plugins } from '../src/plugins/index.ts'

const check = (attr: Record<string, Record<string, unknown>>, enable?: string[]): void =>
  checkPluginSettings({ attr, ...(enable && { enable }) }, plugins)

test('settings of plugins: all that a plugin knows', () => {
  check({}, ['key-auth', 'cors'])
  check({
    prometheus: {
      enable_export_server: false,
      default_buckets: [1, 10],
      metrics: { http_status: { extra_labels: [{ a: '$uri' }] } },
    },
    'proxy-cache': { cache_ttl: '10s', zones: [{ name: 'a', memory_size: '50m' }] },
    'proxy-mirror': { timeout: { connect: '2000ms', read: 60 } },
    redirect: { https_port: 8443 },
    zipkin: { set_ngx_var: true },
    opentelemetry: { resource: { 'service.name': 'a' }, collector: { address: '127.0.0.1:4318' } },
    cors: {},
  })
})

test('settings of plugins: names that nobody has, and what a plugin does not know, are refused', () => {
  const message =
    'plugins.enable: there is no plugin kye-auth: did you mean key-auth?; plugins.enable: there is no plugin x1234'
  assert.throws(() => check({}, ['kye-auth', 'cors', 'x1234']), { message })
  const told: [Record<string, Record<string, unknown>>, RegExp][] = [
    [{ prometeus: {} }, /^Error: plugins.attr.prometeus: there is no plugin prometeus: did you mean prometheus\?$/],
    [{ cors: { a: 1 } }, /^Error: plugins.attr.cors: the plugin has no settings$/],
    [
      { prometheus: { default_bucket: [1] } },
      /^Error: plugins.attr.prometheus.default_bucket is not a setting: did you mean default_buckets\?$/,
    ],
    [
      { prometheus: { metrics: { http_statuses: {} } } },
      /prometheus.metrics.http_statuses is not a setting: did you mean http_status\?/,
    ],
    [
      { prometheus: { export_uri: '/m' } },
      /^Error: plugins.attr.prometheus.export_uri is not supported: set `metrics.listen`/,
    ],
    [
      { prometheus: { enable_export_server: 'no' } },
      /^Error: plugins.attr.prometheus: property "enable_export_server" .* boolean/,
    ],
    [
      { 'proxy-mirror': { timeout: { read: 'soon' } } },
      /^Error: plugins.attr.proxy-mirror.timeout.read: found "soon", expected a time/,
    ],
    [{ 'proxy-mirror': { timeout: { raed: '1s' } } }, /timeout.raed is not a setting: did you mean read\?/],
    [{ 'proxy-cache': { zone: [] } }, /plugins.attr.proxy-cache.zone: there is no such setting/],
    [{ redirect: { https_port: 'secure' } }, /^Error: plugins.attr.redirect: property "https_port" .* integer/],
    [{ opentelemetry: { colector: {} } }, /opentelemetry.colector is not a setting: did you mean collector\?/],
  ]
  for (const [attr, expected] of told) assert.throws(() => check(attr), expected, JSON.stringify(attr))
})
