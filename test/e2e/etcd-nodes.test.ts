// Three real nodes on one real etcd: a write on any is served by all; etcd goes away, the nodes serve on, one of them also after a restart, writes
// are refused with the reason; etcd comes back and all agree.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { needs } from '../needs.ts'
import { EtcdServer } from '../store/etcd-server.ts'
import { until } from '../until.ts'
import { admin, freePort, type Running, start } from './process.ts'

const options = { ...needs('etcd', 'etcd-server'), timeout: 120_000 }
const etcd = new EtcdServer()
const home = mkdtempSync(join(tmpdir(), 'gateward-nodes-'))
const directories = ['a', 'b', 'c'].map((name) => join(home, name))

let nodes: Running[] = []
let upstream: Server
before(async () => {
  if (options.skip) return
  upstream = createServer((_request, response) => response.end('hello'))
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  await etcd.start()
  nodes = await Promise.all(directories.map(startNode))
})
after(async () => {
  await Promise.all(nodes.map((node) => node.stop()))
  upstream?.close()
  await etcd.remove()
  rmSync(home, { recursive: true, force: true })
})

async function startNode(directory: string): Promise<Running> {
  const env = {
    GATEWARD_STORE: `etcd://${etcd.address}/nodes`,
    GATEWARD_ETCD_TIMEOUT_MS: '1000',
    GATEWARD_THREADS: '1',
    GATEWARD_STATUS_LISTEN: `127.0.0.1:${await freePort()}`,
  }
  return start({ directory, env })
}

const route = (uri: string): object => ({
  uri,
  upstream: { type: 'roundrobin', nodes: { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 } },
})

async function status(node: Running, path: string): Promise<number> {
  const response = await fetch(node.gateway + path)
  await response.arrayBuffer()
  return response.status
}

/** Until every node answers `path` with `expected`. */
async function everywhere(path: string, expected: number): Promise<void> {
  for (const node of nodes)
    await until(async () => (await status(node, path)) === expected, `${path} ${expected} at ${node.gateway}`)
}

test('three nodes: a write on any of them is served by all', options, async () => {
  for (const [i, node] of nodes.entries()) {
    assert.equal((await admin(node, 'PUT', `/routes/${i}`, route(`/from-${i}`))).status, 201)
    assert.equal(await status(node, `/from-${i}`), 200, 'the node that was written to serves when it answers')
    await everywhere(`/from-${i}`, 200)
  }
  assert.equal((await admin(nodes[2] as Running, 'DELETE', '/routes/0')).status, 200)
  await everywhere('/from-0', 404)
})

test('three nodes: etcd goes away and comes back', options, async () => {
  const [first, second] = nodes as [Running, Running]
  await etcd.stop()
  await second.stop()
  nodes[1] = await startNode(directories[1] as string)
  await everywhere('/from-1', 200)
  await everywhere('/from-0', 404)
  for (const node of nodes) {
    const refused = await admin(node, 'PUT', '/routes/lost', route('/lost'))
    assert.equal(refused.status, 503)
    assert.match(String(refused.body.error_msg), /the store cannot be used \(unavailable\): .*is etcd running\?/)
  }
  const ready = await fetch(`http://${first.env.GATEWARD_STATUS_LISTEN}/status/ready`)
  assert.equal(ready.status, 200, 'a node that serves stays in service')
  assert.match(await ready.text(), /"trouble":".*etcd/)
  assert.match(await (await fetch(first.metrics)).text(), /apisix_etcd_reachable 0/)
  assert.match((nodes[1] as Running).output(), /Store {7}away, the last configuration is served/)

  await etcd.start()
  await until(
    async () => (await admin(nodes[1] as Running, 'PUT', '/routes/back', route('/back'))).status < 300,
    'a write after etcd is back',
  )
  await everywhere('/back', 200)
  await everywhere('/lost', 404)
  const lists = await Promise.all(nodes.map((node) => admin(node, 'GET', '/routes')))
  for (const { body } of lists) assert.deepEqual(body, lists[0]?.body)
  assert.equal(lists[0]?.body.total, 3)
  await until(async () => {
    const response = await fetch(`http://${first.env.GATEWARD_STATUS_LISTEN}/status/ready`)
    return (await response.text()).trim() === '{"status":"ok"}'
  }, 'no trouble')
})
