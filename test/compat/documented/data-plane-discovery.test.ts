// docs: discovery/dns
import assert from 'node:assert/strict'
import { a, srv, startNameServer } from '../../gateway/upstream/name-server.ts'
import { startStories } from './story.ts'

const { address, records } = await startNameServer()
const { story, node, node2, stage } = await startStories({
  GATEWARD_GATEWAY_DNS_SERVERS: address,
  GATEWARD_THREADS: '1',
})
const [port, port2] = [node, node2].map((one) => Number(one.split(':')[1])) as [number, number]

const service = (name: string): object => ({ type: 'roundrobin', discovery_type: 'dns', service_name: name })
const asked = async (count: number): Promise<string[]> => {
  const found: string[] = []
  for (let i = 0; i < count; i++) found.push(((await stage.send('/a')).body as { server: string }).server)
  return found
}

records.set('A test.consul.service', [a('127.0.0.1')])
story(
  'the addresses of a service, with the port behind its name',
  [
    ['upstreams/1', service(`test.consul.service:${port}`)],
    ['routes/1', { uri: '/*', upstream_id: '1' }],
  ],
  [{ get: '/a', status: 200, body: { server: 'u1' } }],
)

records.set('A a.blah.service', [a('127.0.0.1')])
records.set('SRV srv.blah.service', [srv(10, 60, port, 'a.blah.service'), srv(20, 20, port2, 'a.blah.service')])
story(
  'SRV records: ports, and the lower priority first',
  [['routes/1', { uri: '/*', upstream: service('srv.blah.service') }]],
  async () => {
    assert.deepEqual(new Set(await asked(4)), new Set(['u1']))
  },
)

records.set('SRV even.blah.service', [srv(10, 3, port, 'a.blah.service'), srv(10, 1, port2, 'a.blah.service')])
story('SRV records: weights', [['routes/1', { uri: '/*', upstream: service('even.blah.service') }]], async () => {
  const found = await asked(8)
  assert.equal(found.filter((one) => one === 'u1').length, 6)
})

records.set('SRV bare.blah.service', [srv(10, 0, 0, 'a.blah.service')])
story(
  'SRV records: port and weight 0',
  [['routes/1', { uri: '/*', upstream: service(`bare.blah.service:${port2}`) }]],
  [{ get: '/a', status: 200, body: { server: 'u2' } }],
)

records.set('A node.test', [a('127.0.0.1')])
story(
  'a name among the nodes',
  [['routes/1', { uri: '/*', upstream: { nodes: { [`node.test:${port}`]: 1 } } }]],
  [{ get: '/a', status: 200, body: { server: 'u1' } }],
)

story(
  'a name that nobody knows',
  [['routes/1', { uri: '/*', upstream: { nodes: { 'none.test:80': 1 } } }]],
  [{ get: '/a', status: 503 }],
)
