// What a balancer chooses, without an upstream around it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Balancer, createBalancer, type PickInput } from '../../../src/gateway/upstream/balancer.ts'
import { readNodes } from '../../../src/gateway/upstream/nodes.ts'

const values = (vars: Record<string, string> = {}): PickInput => ({ var: (name) => vars[name], tried: undefined })
const chosen = (balancer: Balancer, vars?: Record<string, string>): string | undefined =>
  balancer.pick(values(vars), undefined)?.key

test('chash: a key has the node that nginx gives it with `hash $key consistent`', () => {
  const nodes = readNodes({ nodes: { '127.0.0.1:1980': 1, '127.0.0.1:1981': 1, '127.0.0.1:1982': 2 } })
  const balancer = createBalancer('chash', nodes, { on: 'vars', key: 'arg_k' })
  const ports = Array.from({ length: 12 }, (_, i) => chosen(balancer, { arg_k: `key${i}` })?.slice(-1)).join('')
  assert.equal(ports, '222112120201')
})

test('chash: only the ratio of weights counts', () => {
  const keys = Array.from({ length: 50 }, (_, i) => ({ arg_k: String(i) }))
  const [light, heavy] = [1, 700].map((unit) => {
    const nodes = readNodes({ nodes: { '10.0.0.1:80': unit, '10.0.0.2:80': 2 * unit } })
    const balancer = createBalancer('chash', nodes, { on: 'vars', key: 'arg_k' })
    return keys.map((vars) => chosen(balancer, vars))
  })
  assert.deepEqual(light, heavy)
})

test('chash: weights without a common divisor make no ring that takes long', () => {
  const weights = Array.from({ length: 100 }, (_, i) => [`10.0.0.${i}:80`, 1000 + i])
  const started = performance.now()
  const balancer = createBalancer('chash', readNodes({ nodes: Object.fromEntries(weights) }), {
    on: 'vars',
    key: 'arg_k',
  })
  assert.ok(performance.now() - started < 2000)
  const found = new Set(Array.from({ length: 2000 }, (_, i) => chosen(balancer, { arg_k: `${i}` })))
  assert.equal(found.size, 100)
})

test('chash: combinations without any value go by the address of the client', () => {
  const nodes = readNodes({ nodes: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`10.0.0.${i}:80`, 1])) })
  const by = (on: string, key: string | undefined) => createBalancer('chash', nodes, { on, key })
  const client = { remote_addr: '192.168.1.7' }
  const byAddress = chosen(by('vars', 'remote_addr'), client)
  assert.equal(chosen(by('vars_combinations', 'user $arg_a/$http_b'), client), byAddress)
  assert.notEqual(chosen(by('vars_combinations', 'user $arg_a/$http_b'), { ...client, http_b: '1' }), byAddress)
})

test('ewma: a node that was slow once is tried again', (t) => {
  const [slow, quick] = readNodes({ nodes: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } })
  assert.ok(slow && quick)
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const balancer = createBalancer('ewma', [slow, quick], { on: 'vars', key: undefined })
  balancer.done?.(slow, { ok: true, latencyMs: 1000 })
  const pick = (): string | undefined => {
    const node = balancer.pick(values(), undefined)
    if (node) balancer.done?.(node, { ok: true, latencyMs: 100 })
    return node?.key
  }
  assert.equal(pick(), quick.key)
  const later = Array.from({ length: 60 }, () => {
    now += 1000
    return pick()
  })
  assert.ok(later.includes(slow.key))
})

test('chash on a combination: what is constant in it does not count as a value', () => {
  const nodes = readNodes({ nodes: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`10.0.0.${i}:80`, 1])) })
  const balancer = createBalancer('chash', nodes, { on: 'vars_combinations', key: 'user $arg_a' })
  const found = Array.from({ length: 20 }, (_, i) => chosen(balancer, { remote_addr: `192.168.1.${i}` }))
  assert.ok(new Set(found).size > 3)
})

test('roundrobin: weights are spread as nginx spreads them, over those that are open', () => {
  const nodes = readNodes({ nodes: { 'a:80': 5, 'b:80': 1, 'c:80': 1 } })
  const balancer = createBalancer('roundrobin', nodes, { on: 'vars', key: undefined })
  const names = (times: number): string => Array.from({ length: times }, () => chosen(balancer)?.[0]).join('')
  assert.equal(names(14), 'aabacaaaabacaa')
  const withoutA = Array.from({ length: 4 }, () => balancer.pick(values(), (node) => node.key !== 'a:80')?.key[0])
  assert.equal(withoutA.join(''), 'bcbc')
})

test('least_conn: what has ended makes room again, for its weight', () => {
  const nodes = readNodes({ nodes: { 'a:80': 2, 'b:80': 1 } })
  const balancer = createBalancer('least_conn', nodes, { on: 'vars', key: undefined })
  assert.deepEqual([chosen(balancer), chosen(balancer), chosen(balancer)], ['a:80', 'a:80', 'b:80'])
  const [a, b] = nodes
  assert.ok(a && b)
  balancer.done?.(b, { ok: true, latencyMs: 1 })
  assert.equal(chosen(balancer), 'b:80')
  balancer.done?.(a, { ok: true, latencyMs: 1 })
  balancer.done?.(a, { ok: true, latencyMs: 1 })
  assert.deepEqual([chosen(balancer), chosen(balancer)], ['a:80', 'a:80'])
})

test('ewma: one quick answer does not make a slow node quick', (t) => {
  const [slow, middle] = readNodes({ nodes: { '10.0.0.1:80': 1, '10.0.0.2:80': 1 } })
  assert.ok(slow && middle)
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const balancer = createBalancer('ewma', [slow, middle], { on: 'vars', key: undefined })
  balancer.done?.(slow, { ok: true, latencyMs: 1000 })
  balancer.done?.(middle, { ok: true, latencyMs: 500 })
  now = 100
  balancer.done?.(slow, { ok: true, latencyMs: 1 })
  for (let i = 0; i < 20; i++) assert.equal(chosen(balancer), middle.key)
})
