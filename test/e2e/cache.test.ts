// One cache for all threads of a process: what one has fetched is a hit in the others, and a purge holds everywhere.
import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { until } from '../until.ts'
import { admin, start } from './process.ts'

let asked = 0
const origin = http.createServer((_request, response) => {
  asked++
  response.end(`answer ${asked}`)
})
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve))
const nodes = { [`127.0.0.1:${(origin.address() as AddressInfo).port}`]: 1 }
const running = await start({ env: { GATEWARD_THREADS: '3' } })
after(async () => {
  await running.stop()
  origin.closeAllConnections()
  origin.close()
})

/** On a connection of its own, so that the kernel may give it to any thread. */
function ask(path: string, method = 'GET'): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(running.gateway + path, { method, agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(String(response.headers['apisix-cache-status'] ?? response.statusCode)))
    })
    request.on('error', reject)
    request.end()
  })
}

/** A response on its way to the disk is not found there yet: the client does not wait for the disk. */
async function untilKept(path: string): Promise<void> {
  await until(async () => (await ask(path)) === 'HIT', `${path} is kept`)
}

for (const conf of [{ cache_strategy: 'memory', cache_zone: 'memory_cache' }, { cache_strategy: 'disk' }]) {
  test(`the origin is asked once for 40 connections (${conf.cache_strategy})`, async () => {
    const path = `/${conf.cache_strategy}`
    const route = { uri: path, upstream: { nodes }, plugins: { 'proxy-cache': conf } }
    assert.equal((await admin(running, 'PUT', `/routes/${conf.cache_strategy}`, route)).status, 201)
    assert.equal(await ask(path), 'MISS')
    await untilKept(path)
    asked = 0
    for (let i = 0; i < 40; i++) assert.equal(await ask(path), 'HIT')
    assert.equal(asked, 0)
    assert.equal(await ask(path, 'PURGE'), '200')
    for (let i = 0; i < 6; i++) assert.equal(await ask(path, 'PURGE'), '404')
    assert.equal(await ask(path), 'MISS')
    assert.equal(asked, 1)
  })
}
