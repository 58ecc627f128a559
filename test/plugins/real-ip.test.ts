import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()

async function seen(target: string, headers: Record<string, string> = {}): Promise<string | undefined> {
  return (await bench.send(target, { headers })).json<Echo>().headers['x-real-ip']
}

test('the address of an argument or header', async () => {
  bench.route({ 'real-ip': { source: 'arg_ip' } })
  const own = await seen('/a')
  assert.equal(await seen('/a?ip=1.2.3.4'), '1.2.3.4')
  assert.equal(await seen('/a?ip=1.2.3.4:80'), '1.2.3.4')
  assert.equal(await seen('/a?ip=[::2]:80'), '::2')
  for (const none of ['abc', '1.2.3', '1.2.3.4:0', '1.2.3.4:99999', '']) assert.equal(await seen(`/a?ip=${none}`), own)
})

test('only trusted peers may say it', async () => {
  bench.route({ 'real-ip': { source: 'http_x_ip', trusted_addresses: ['10.0.0.0/8'] } })
  assert.notEqual(await seen('/a', { 'X-Ip': '5.6.7.8' }), '5.6.7.8')
})

test('X-Forwarded-For: the last, or the last that is not trusted', async () => {
  const forwarded = { 'X-Forwarded-For': '1.1.1.1, 2.2.2.2, 10.0.0.1' }
  const trusted_addresses = ['10.0.0.0/8', '127.0.0.0/8', '::1']
  bench.route({ 'real-ip': { source: 'http_x_forwarded_for', trusted_addresses } })
  assert.equal(await seen('/a', forwarded), '10.0.0.1')
  bench.route({ 'real-ip': { source: 'http_x_forwarded_for', trusted_addresses, recursive: true } })
  assert.equal(await seen('/a', forwarded), '2.2.2.2')
  assert.equal(await seen('/a', { 'X-Forwarded-For': '10.0.0.2, 10.0.0.1' }), '10.0.0.2')
})

test('bad configuration is refused', () => {
  assert.match(refusal('real-ip', {}) ?? '', /"source" is required/)
  assert.match(refusal('real-ip', { source: 'arg_a', trusted_addresses: ['x'] }) ?? '', /failed to validate item 1/)
})
