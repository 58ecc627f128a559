// Names and services, asked of a name server of the test's own.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DnsCache } from '../../../src/gateway/upstream/dns.ts'
import { readNodes } from '../../../src/gateway/upstream/nodes.ts'
import { checkUpstream } from '../../../src/resources/upstream-schema.ts'
import { until } from '../../until.ts'
import { a, srv, startNameServer } from './name-server.ts'

const server = await startNameServer()
const { records, asked } = server
const dns = new DnsCache({ servers: [server.address] })

/** `address:port weight priority` of each node. */
async function expand(conf: Record<string, unknown>, nodes = readNodes(conf)): Promise<string[]> {
  return (await dns.expand(nodes)).map(({ key, weight, priority }) => `${key} ${weight} ${priority}`)
}

test('a name is all of its addresses, and asked for again after its TTL only', async () => {
  records.set('A two.test', [a('10.0.0.2', 1), a('10.0.0.1', 1)])
  const nodes = readNodes({ nodes: { 'two.test:8080': 5, '127.0.0.1:1': 1 } })
  assert.deepEqual(await expand({}, nodes), ['10.0.0.1:8080 5 0', '10.0.0.2:8080 5 0', '127.0.0.1:1 1 0'])
  assert.equal(
    dns.expand(nodes),
    dns.expand(nodes),
    'known names cost no promise, and the same answer is the same array',
  )
  assert.equal(asked.filter((key) => key === 'A two.test').length, 1)
  records.set('A two.test', [a('10.0.0.3')])
  await until(async () => (await expand({}, nodes))[0] === '10.0.0.3:8080 5 0')
  assert.deepEqual(await expand({}, nodes), ['10.0.0.3:8080 5 0', '127.0.0.1:1 1 0'])
})

test('a name without IPv4 addresses has its IPv6 ones', async () => {
  records.set('AAAA six.test', [{ data: Buffer.from('20010db8000000000000000000000001', 'hex') }])
  assert.deepEqual(await expand({ nodes: { 'six.test:80': 1 } }), ['2001:db8::1:80 1 0'])
})

test('a service is the targets of its SRV records, with their ports, weights and priorities', async () => {
  records.set('A one.test', [a('10.0.1.1')])
  records.set('A other.test', [a('10.0.1.2')])
  const targets = [srv(10, 60, 8001, 'one.test'), srv(10, 0, 8002, 'one.test'), srv(20, 5, 0, 'other.test')]
  records.set('SRV _api._tcp.test', targets)
  assert.deepEqual(await expand({ discovery_type: 'dns', service_name: '_api._tcp.test' }), [
    '10.0.1.1:8001 60 -10',
    '10.0.1.1:8002 1 -10',
    '10.0.1.2:80 5 -20',
  ])
  records.set('A pair.test', [a('10.0.1.3'), a('10.0.1.4')])
  records.set('SRV split.test', [srv(10, 60, 1980, 'one.test'), srv(20, 21, 1981, 'pair.test')])
  assert.deepEqual(
    await expand({ discovery_type: 'dns', service_name: 'split.test' }),
    ['10.0.1.1:1980 60 -10', '10.0.1.3:1981 10 -20', '10.0.1.4:1981 11 -20'],
    'the addresses of a target share its weight',
  )
  assert.deepEqual(await expand({ discovery_type: 'dns', service_name: 'one.test:9000' }), ['10.0.1.1:9000 1 0'])
})

test('an unknown name rejects; a name server that fails leaves the last answer in use', async () => {
  await assert.rejects(expand({ nodes: { 'none.test:80': 1 } }), { code: 'ENOTFOUND' })
  records.set('A kept.test', [a('10.0.2.1', 0)])
  const nodes = readNodes({ nodes: { 'kept.test:80': 1 } })
  await expand({}, nodes)
  server.failing = true
  const before = asked.length
  await until(async () => {
    assert.deepEqual(await expand({}, nodes), ['10.0.2.1:80 1 0'])
    return asked.length > before
  }, 'asked again after the TTL')
  assert.deepEqual(await expand({}, nodes), ['10.0.2.1:80 1 0'])
  server.failing = false
})

test('what is not served is refused when it is written', () => {
  assert.equal(checkUpstream({ discovery_type: 'dns', service_name: 'a' }), undefined)
  assert.match(checkUpstream({ discovery_type: 'consul', service_name: 'a' }) ?? '', /"consul" is not served here/)
  assert.match(checkUpstream({ discovery_type: 'dns', service_name: 'a', discovery_args: {} }) ?? '', /leave it out/)
})
