// What the page of public-api in APISIX's documentation shows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { startStories } from './story.ts'

const directory = mkdtempSync(join(tmpdir(), 'gateward-test-'))
after(() => rmSync(directory, { recursive: true }))
const settings = join(directory, 'gateward.yaml')
writeFileSync(settings, 'plugins: { attr: { prometheus: { enable_export_server: false } } }')
const { story, upstream } = await startStories({ GATEWARD_CONFIG: settings })

story(
  'metrics at a uri of their own',
  [['routes/m', { uri: '/prometheus_metrics', plugins: { 'public-api': { uri: '/apisix/prometheus/metrics' } } }]],
  [{ get: '/prometheus_metrics', status: 200, body: /^# HELP apisix_[\s\S]*\napisix_/ }],
)

story(
  'batches, where they are and elsewhere',
  [
    ['routes/anything', { uri: '/anything', upstream }],
    ['routes/b', { uri: '/apisix/batch-requests', plugins: { 'public-api': {} } }],
    ['routes/c', { uri: '/batch-requests', plugins: { 'public-api': { uri: '/apisix/batch-requests' } } }],
  ],
  ['/apisix/batch-requests', '/batch-requests'].map((get) => ({
    get,
    method: 'POST',
    send: { pipeline: [{ path: '/anything' }, { method: 'POST', path: '/anything', body: 'a post request' }] },
    status: 200,
    body: /"status":200.*"status":200.*a post request/,
  })),
)

story(
  'what stands before it holds; what is no such interface is not found',
  [
    ['routes/b', { uri: '/apisix/batch-requests', plugins: { 'public-api': {}, 'key-auth': {} } }],
    ['routes/n', { uri: '/none', plugins: { 'public-api': {} } }],
  ],
  [
    { get: '/apisix/batch-requests', method: 'POST', send: { pipeline: [{ path: '/a' }] }, status: 401 },
    { get: '/none', status: 404 },
  ],
)
