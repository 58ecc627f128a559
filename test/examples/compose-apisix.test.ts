// The compose file of the tutorial's stack, read as Docker would: images, what is published, which service finds which, and that Gateward takes its
// settings. No container engine is needed.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { loadSettings } from '../../src/settings/load.ts'
import { toTargets } from '../../src/surfaces/targets.ts'

const DIRECTORY = new URL('../../examples/compose-apisix/', import.meta.url).pathname
const read = (name: string): string => readFileSync(join(DIRECTORY, name), 'utf8')

interface Service {
  image?: string
  ports?: string[]
  volumes?: string[]
  depends_on?: string[] | object
  environment?: Record<string, string>
  command?: string[]
}
const { services, volumes } = parse(read('compose.yaml')) as { services: Record<string, Service>; volumes: object }
const env = { APISIX_ADMIN_KEY: 'k'.repeat(32), GATEWARD_TOKEN: 't'.repeat(32) }

test('compose: the services, and only loopback ports of the gateway and of Gateward', () => {
  assert.deepEqual(Object.keys(services), ['etcd', 'apisix', 'conference', 'gateward'])
  assert.equal(services.apisix?.image, 'apache/apisix:3.18.0-debian')
  const published = Object.values(services).flatMap((one) => one.ports ?? [])
  assert.deepEqual(published, ['127.0.0.1:9080:9080', '127.0.0.1:5000:5000'])
  for (const [name, one] of Object.entries(services))
    if (one.image) assert.doesNotMatch(one.image, /:latest$|^[^:]+$/, name)
})

test('compose: files that are mounted are there, named volumes are declared, dependencies exist', () => {
  for (const { volumes: mounted = [], depends_on: needs = [] } of Object.values(services)) {
    for (const mount of mounted) {
      const [source = ''] = mount.split(':')
      if (source.startsWith('.')) assert.ok(existsSync(join(DIRECTORY, source)), source)
      else assert.ok(source in volumes, source)
    }
    for (const name of Array.isArray(needs) ? needs : Object.keys(needs)) assert.ok(name in services, name)
  }
})

test('compose: no secret has a default; all come from the file that secrets.sh writes', () => {
  const text = read('compose.yaml')
  for (const [whole, name] of text.matchAll(/\$\{(\w+)([^}]*)\}/g))
    assert.match(whole, /:\?run \.\/secrets\.sh first\}/, String(name))
  const wanted = new Set([...text.matchAll(/\$\{(\w+)/g)].map((one) => one[1]))
  for (const name of wanted) assert.match(read('secrets.sh'), new RegExp(`${name}=%s`))
})

test('compose: Gateward takes its settings, and its one target is the APISIX under the addresses that APISIX serves', () => {
  const { settings } = loadSettings({ argv: [], env: {}, cwd: DIRECTORY })
  const targets = toTargets(settings, () => 'unused', env)
  assert.deepEqual(targets.names(), ['apisix'])
  const target = targets.get()
  assert.equal(target.adminKey, env.APISIX_ADMIN_KEY)
  const apisix = parse(read('apisix.yaml').replaceAll('${{', '').replaceAll('}}', ''))
  assert.equal(target.gatewayUrl, `http://apisix:${apisix.apisix.node_listen}`)
  assert.equal(
    target.metricsUrl,
    `http://apisix:${apisix.plugin_attr.prometheus.export_addr.port}/apisix/prometheus/metrics`,
  )
  assert.equal(apisix.deployment.admin.admin_key[0].key, 'APISIX_ADMIN_KEY')
  assert.deepEqual(apisix.deployment.etcd.host, ['http://etcd:2379'])
  for (const [name] of Object.entries(env)) assert.ok(name in (services.gateward?.environment ?? {}), name)
  assert.equal(settings.surface.tokens[0]?.key_env, 'GATEWARD_TOKEN')
})
