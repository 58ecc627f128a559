import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { checkVars } from '../../src/gateway/router/vars.ts'
import { plugins } from '../../src/plugins/index.ts'
import { createCatalog } from '../../src/resources/catalog.ts'
import { createValidator } from '../../src/resources/validator.ts'
import { createTestAdmin } from '../admin/admin-for-test.ts'
import { until } from '../until.ts'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const directory = mkdtempSync(join(tmpdir(), 'gateward-file-logger-'))
after(() => rmSync(directory, { recursive: true, force: true }))

const linesOf = (file: string): string[] =>
  existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []

async function lines(file: string, count: number): Promise<Record<string, unknown>[]> {
  const found = await until(
    () => (linesOf(file).length >= count ? linesOf(file) : undefined),
    () => `${file} has ${linesOf(file).length} of ${count} lines`,
  )
  return found.map((line) => JSON.parse(line))
}

test('a line for each request, in a directory that is made', async () => {
  const path = join(directory, 'made/requests.log')
  bench.route({ 'file-logger': { path } })
  await bench.send('/a?x=1')
  await bench.send('/b')
  const [first, second] = await lines(path, 2)
  assert.equal((first as { request: { uri: string } }).request.uri, '/a?x=1')
  assert.equal((second as { request: { uri: string } }).request.uri, '/b')
  assert.equal(first?.route_id, 'a')
})

test('a rotated file is made anew', async () => {
  const path = join(directory, 'rotated.log')
  bench.route({ 'file-logger': { path, log_format: { u: '$uri' } } })
  await bench.send('/1')
  await lines(path, 1)
  renameSync(path, `${path}.1`)
  await bench.send('/2')
  assert.deepEqual(await lines(path, 1), [{ u: '/2', route_id: 'a' }])
  assert.deepEqual(await lines(`${path}.1`, 1), [{ u: '/1', route_id: 'a' }])
})

test('only requests that match one of the expressions', async () => {
  const path = join(directory, 'match.log')
  const match = [[['arg_log', '==', '1']], [['status', '>=', 500]]]
  bench.route({ 'file-logger': { path, match, log_format: { u: '$request_uri' } } })
  for (const target of ['/a?log=0', '/a?log=1', '/a?status=503']) await bench.send(target)
  assert.deepEqual(
    (await lines(path, 2)).map(({ u }) => u),
    ['/a?log=1', '/a?status=503'],
  )
})

test('path and format from the metadata', async () => {
  const path = join(directory, 'metadata.log')
  bench.put('plugin_metadata/file-logger', { path, log_format: { r: '$route_id' } })
  bench.route({ 'file-logger': {} })
  await bench.send('/a')
  assert.deepEqual(await lines(path, 1), [{ r: 'a', route_id: 'a' }])
  bench.put('plugin_metadata/file-logger', undefined)
})

test('`_meta.filter` keeps requests out of the log', async () => {
  const path = join(directory, 'filter.log')
  const _meta = { filter: [['arg_log', '==', '1']] }
  bench.route({ 'file-logger': { path, log_format: { u: '$request_uri' }, include_resp_body: true, _meta } })
  for (const target of ['/a?log=0', '/a?log=1']) await bench.send(target)
  assert.deepEqual(
    (await lines(path, 1)).map(({ u }) => u),
    ['/a?log=1'],
  )
})

test('configurations that are refused', () => {
  assert.match(refusal('file-logger', { path: '' }) ?? '', /property "path" validation failed/)
  assert.match(
    refusal('file-logger', { path: 'a', match: [[['a', 'x', 'b']]] }) ?? '',
    /'match' expression: invalid op/,
  )
})

test('no requests match an empty list', async () => {
  const path = join(directory, 'none.log')
  bench.route({ 'file-logger': { path, match: [], log_format: { u: '$uri' } } })
  await bench.send('/none')
  bench.route({ 'file-logger': { path, log_format: { u: '$uri' } } })
  await bench.send('/all')
  assert.deepEqual(
    (await lines(path, 1)).map(({ u }) => u),
    ['/all'],
  )
})

test('a path stands in the configuration or in the metadata', async () => {
  const catalog = createCatalog(plugins)
  const admin = await createTestAdmin({ catalog, validator: createValidator({ catalog, checkVars }) })
  after(() => admin.close())
  const route = { uri: '/a', plugins: { 'file-logger': {} } }
  const refused = await admin.call('PUT', '/routes/a', route)
  assert.equal(refused.status, 400)
  assert.match(JSON.stringify(refused.body), /property \\"path\\" is not set in either the plugin conf or the metadata/)
  await admin.call('PUT', '/plugin_metadata/file-logger', { path: 'a.log' })
  assert.equal((await admin.call('PUT', '/routes/a', route)).status, 201)
})
