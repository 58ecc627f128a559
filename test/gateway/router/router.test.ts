import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { createRouter, type MatchInput, type RouteKeys } from '../../../src/gateway/router/router.ts'
import { checkVars, compileVars } from '../../../src/gateway/router/vars.ts'

const ask = (path: string, more: Partial<MatchInput> = {}): MatchInput => ({
  path,
  host: 'a.example',
  method: 'GET',
  remoteAddr: '10.0.0.1',
  var: () => undefined,
  ...more,
})
const routes = (...list: Partial<RouteKeys>[]) => {
  const router = createRouter('radixtree_host_uri')
  for (const [i, keys] of list.entries()) router.add({ id: String(i), uris: [], priority: 0, order: i, ...keys })
  return router
}

describe('router', () => {
  test('exact beats prefix, a longer prefix a shorter one, whatever the priority', () => {
    const router = routes({ uris: ['/*'], priority: 9 }, { uris: ['/a/*'] }, { uris: ['/a/b'] })
    assert.equal(router.match(ask('/a/b'))?.id, '2')
    assert.equal(router.match(ask('/a/c'))?.id, '1')
    assert.equal(router.match(ask('/x'))?.id, '0')
  })

  test('the best host goes before the best uri, and gives way when no uri fits', () => {
    const router = routes(
      { uris: ['/x'] },
      { uris: ['/*'], hosts: ['a.example'] },
      { uris: ['/y'], hosts: ['*.example'] },
      { uris: ['/w'], hosts: ['*'] },
    )
    assert.equal(router.match(ask('/x'))?.id, '1')
    assert.equal(router.match(ask('/x', { host: 'other' }))?.id, '0')
    assert.equal(router.match(ask('/y', { host: 'b.c.example' }))?.id, '2')
    assert.equal(router.match(ask('/w', { host: 'other' }))?.id, '3')
    assert.equal(router.match(ask('/none', { host: 'other' })), undefined)
  })

  test('a request without a host is told of each route once', () => {
    const router = routes({ uris: ['/a'] }, { uris: ['/*'] }, { uris: ['/a'], hosts: ['a.example'] })
    assert.deepEqual(
      router.explain(ask('/a', { host: '' })).map(({ id, lost }) => [id, lost]),
      [
        ['0', undefined],
        ['1', 'beaten'],
      ],
    )
  })

  test('of equal uris the priority decides, then the older route', () => {
    assert.equal(routes({ uris: ['/a'] }, { uris: ['/a'], priority: 1 }).match(ask('/a'))?.id, '1')
    assert.equal(routes({ uris: ['/a'] }, { uris: ['/a'] }).match(ask('/a'))?.id, '0')
  })

  test('methods, addresses and vars filter; the next candidate is tried', () => {
    const router = routes(
      { uris: ['/a'], methods: ['POST'] },
      { uris: ['/a'], remoteAddrs: ['192.168.0.0/16'] },
      { uris: ['/a'], vars: [['arg_v', '==', '2']] },
      { uris: ['/*'] },
    )
    assert.equal(router.match(ask('/a', { method: 'POST' }))?.id, '0')
    assert.equal(router.match(ask('/a', { remoteAddr: '192.168.3.4' }))?.id, '1')
    assert.equal(router.match(ask('/a', { var: (name) => (name === 'arg_v' ? '2' : undefined) }))?.id, '2')
    assert.equal(router.match(ask('/a'))?.id, '3')
    assert.deepEqual(
      router.explain(ask('/a')).map((one) => one.lost),
      ['method', 'remote_addr', 'vars', undefined],
    )
  })

  test('parameters take one segment, a named rest takes all', () => {
    const router = createRouter('radixtree_uri_with_parameter')
    router.add({ id: 'p', uris: ['/users/:id/books/:book'], priority: 0 })
    router.add({ id: 'fixed', uris: ['/users/me/books/:book'], priority: 0 })
    router.add({ id: 'rest', uris: ['/files/*path'], priority: 0 })
    assert.deepEqual({ ...router.match(ask('/users/7/books/9'))?.params }, { id: '7', book: '9' })
    assert.equal(router.match(ask('/users/me/books/9'))?.id, 'fixed')
    assert.equal(router.match(ask('/users/7/books')), undefined)
    assert.deepEqual({ ...router.match(ask('/files/a/b'))?.params }, { path: 'a/b' })
  })

  const byParameter = (...uris: (string | [uri: string, priority: number])[]) => {
    const router = createRouter('radixtree_uri_with_parameter')
    for (const [i, one] of uris.entries()) {
      const [uri, priority] = typeof one === 'string' ? [one, 0] : one
      router.add({ id: uri, uris: [uri], priority, order: i })
    }
    return (path: string) => router.match(ask(path))?.id
  }

  test('what stands before the first parameter or wildcard decides, then the priority, then the length', () => {
    const deeper = byParameter('/:name/*rest', '/blog/*')
    assert.equal(deeper('/blog/x'), '/blog/*')
    assert.equal(deeper('/news/x'), '/:name/*rest')
    assert.equal(byParameter('/blog/*', '/blog/:name')('/blog/x'), '/blog/:name')
    assert.equal(byParameter(['/blog/*', 1], '/blog/:name')('/blog/x'), '/blog/*')
    assert.equal(byParameter('/blog/:a', ['/blog/:b', 1])('/blog/x'), '/blog/:b')
    assert.equal(byParameter(['/:a', 9], '/blog')('/blog'), '/blog')
  })

  test('a parameter is never empty, and the rest of a path begins after its slash', () => {
    const match = byParameter('/users/:id', '/files/*path')
    assert.equal(match('/users/'), undefined)
    assert.equal(match('/users/1/'), undefined)
    assert.equal(match('/files'), undefined)
    assert.equal(match('/files/'), '/files/*path')
  })

  test('a long path is no way around a route', () => {
    const match = byParameter('/*', '/files/:owner/*path')
    assert.equal(match(`/files/me${'/a'.repeat(500)}`), '/files/:owner/*path')
  })

  for (const mode of ['radixtree_uri', 'radixtree_host_uri', 'radixtree_uri_with_parameter'] as const) {
    test(`${mode}: a wildcard in the middle takes segments`, () => {
      const router = createRouter(mode)
      const uris = ['/a/*/b', '/c/*x/d/*y', '/e/f*g', '/h/*.json']
      for (const uri of uris) router.add({ id: uri, uris: [uri], priority: 0 })
      const match = (path: string) => router.match(ask(path))
      assert.equal(match('/a/1/b')?.id, '/a/*/b')
      assert.equal(match('/a/1/2/b')?.id, '/a/*/b')
      for (const path of ['/a/b', '/a/1/b/c', '/a/1', '/a/1/bb', '/a']) assert.equal(match(path), undefined, path)
      assert.deepEqual({ ...match('/c/1/2/d/3/d/4')?.params }, { x: '1/2/d/3', y: '4' })
      assert.equal(match('/e/fun')?.id, '/e/f*g')
      assert.equal(match('/h/a/b')?.id, '/h/*.json')
      for (const uri of uris) router.remove(uri)
      assert.equal(match('/a/1/b'), undefined)
    })
  }

  test('no path takes a pattern of many wildcards long', () => {
    const router = createRouter('radixtree_uri')
    router.add({ id: 'many', uris: [`/${'*/a/'.repeat(12)}b`], priority: 0 })
    const started = performance.now()
    assert.equal(router.match(ask(`/${'a/'.repeat(2000)}c`)), undefined)
    assert.ok(performance.now() - started < 200)
  })

  test('a wildcard host may begin anywhere in a label; the longer one wins', () => {
    const router = routes(
      { uris: ['/*'], hosts: ['*.com'] },
      { uris: ['/*'], hosts: ['*shop.com'] },
      { uris: ['/*'], hosts: ['*.workshop.com'] },
    )
    const match = (host: string) => router.match(ask('/', { host }))?.id
    assert.equal(match('a.com'), '0')
    assert.equal(match('shop.com'), '1')
    assert.equal(match('workshop.com'), '1')
    assert.equal(match('a.workshop.com'), '2')
    assert.equal(match('com'), undefined)
  })

  test('by uri, a host with a port is compared with the Host field', () => {
    const router = createRouter('radixtree_uri')
    router.add({ id: 'port', uris: ['/*'], hosts: ['a.example:8080'], priority: 0 })
    const asked = (field: string) =>
      router.match(ask('/', { var: (name) => (name === 'http_host' ? field : undefined) }))
    assert.equal(asked('A.example:8080')?.id, 'port')
    assert.equal(asked('a.example'), undefined)
  })

  test('agrees with a search of all routes, through additions and removals', () => {
    const uri = fc.constantFrom('/', '/*', '/a', '/a*', '/a/*', '/a/b', '/a/b*', '/b/*')
    const host = fc.constantFrom(undefined, ['a.example'], ['*.example'], ['*'], ['b.a.example'])
    const keys = fc.record({ uri, host, priority: fc.integer({ min: 0, max: 2 }), removed: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(keys, { maxLength: 12 }),
        fc.constantFrom('/', '/a', '/a/b', '/a/b/c', '/b/', '/ab'),
        fc.constantFrom('a.example', 'b.a.example', 'x'),
        (list, path, asked) => {
          const router = createRouter('radixtree_host_uri')
          for (const [i, one] of list.entries())
            router.add({
              id: String(i),
              uris: [one.uri],
              hosts: one.host && [...one.host],
              priority: one.priority,
              order: i,
            })
          for (const [i, one] of list.entries()) if (one.removed) router.remove(String(i))
          const left = list.map((one, i) => ({ ...one, id: String(i), order: i })).filter((one) => !one.removed)
          const hostRank = (pattern: string | undefined): number =>
            pattern === undefined
              ? 0
              : pattern === asked
                ? 1000
                : pattern === '*'
                  ? 1
                  : pattern.startsWith('*') && asked.endsWith(pattern.slice(1))
                    ? 1 + pattern.length
                    : -1
          const uriRank = (pattern: string): number =>
            pattern === path
              ? 1000
              : pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1))
                ? pattern.length
                : -1
          const best = left
            .map((one) => ({ id: one.id, rank: [hostRank(one.host?.[0]), uriRank(one.uri), one.priority, -one.order] }))
            .filter((one) => (one.rank[0] as number) >= 0 && (one.rank[1] as number) >= 0)
            .sort((a, b) => a.rank.reduce((result, value, i) => result || (b.rank[i] as number) - value, 0))[0]
          assert.equal(router.match(ask(path, { host: asked }))?.id, best?.id)
        },
      ),
    )
  })

  test('100,000 routes are built in time, and one change costs next to nothing', () => {
    const router = createRouter('radixtree_host_uri')
    const started = performance.now()
    for (let i = 0; i < 100_000; i++)
      router.add({
        id: `r${i}`,
        uris: [i % 2 ? `/api/${i}` : `/api/${i}/*`],
        hosts: i % 3 ? undefined : [`h${i % 500}.example`],
        priority: 0,
        order: i,
      })
    assert.ok(performance.now() - started < 5000)
    const changed = performance.now()
    for (let i = 0; i < 100; i++) {
      router.remove(`r${i * 7}`)
      router.add({ id: `r${i * 7}`, uris: [`/changed/${i}`], priority: 0 })
    }
    assert.ok(performance.now() - changed < 500)
    assert.equal(router.match(ask('/changed/5'))?.id, 'r35')
    assert.equal(router.match(ask('/api/99998/x'))?.id, 'r99998')
  })
})

describe('vars', () => {
  const values: Record<string, unknown> = {
    a: '1',
    name: 'Alice',
    ip: '10.1.2.3',
    text: 'x, y',
    list: ['x', 'y'],
    n: 1,
  }
  const cases: [unknown[], boolean][] = [
    [[['a', '==', '1']], true],
    [[['a', '==', 1]], true],
    [[['a', '~=', '1']], false],
    [[['none', '~=', '1']], true],
    [[['none', '==', '1']], false],
    [[['a', '>', 0]], true],
    [[['a', '>=', '1']], true],
    [[['a', '<', 1]], false],
    [[['none', '<', 1]], false],
    [[['name', '~~', '^Al']], true],
    [[['name', '~*', 'ALICE']], true],
    [[['name', '!', '~~', 'x']], true],
    [[['a', 'in', ['1', '2']]], true],
    [[['a', 'in', [1, 2]]], false],
    [[['list', 'has', 'y']], true],
    [[['list', 'has', 'z']], false],
    [[['list', '==', 'x,y']], false],
    [[['text', 'has', 'y']], false],
    [[['n', '==', 1]], true],
    [[['n', '==', '1']], false],
    [[['n', 'in', [1]]], true],
    [[['n', '>=', '1']], true],
    [[['a', '1']], true],
    [[['name', 'Bob']], false],
    [[['none', '==', null]], true],
    [[['a', '~=', null]], true],
    [
      [
        [
          ['a', '==', '1'],
          ['n', '==', 1],
        ],
      ],
      true,
    ],
    [
      [
        'or',
        ['a', '==', '2'],
        [
          ['a', '==', '1'],
          ['name', '==', 'Alice'],
        ],
      ],
      true,
    ],
    [[['ip', 'ipmatch', ['10.0.0.0/8']]], true],
    [[['ip', '!', 'ipmatch', ['10.0.0.0/8']]], false],
    [['OR', ['a', '==', '2'], ['name', '==', 'Alice']], true],
    [['AND', ['a', '==', '1'], ['OR', ['a', '==', '3'], ['name', '==', 'Bob']]], false],
    [['!OR', ['a', '==', '2'], ['name', '==', 'Bob']], true],
    [['!AND', ['a', '==', '1'], ['name', '==', 'Alice']], false],
  ]
  for (const [expression, expected] of cases) {
    test(JSON.stringify(expression), () =>
      assert.equal(
        compileVars(expression)((name) => values[name]),
        expected,
      ),
    )
  }

  test('what is no expression is said', () => {
    for (const wrong of [
      'x',
      [['a']],
      [['a', '=', '1']],
      [['a', '==']],
      [[1, '==', 1]],
      [['a', '~~', '(']],
      [['a', 'in', 'x']],
      ['OR', ['a', '==', '1']],
      [['post_arg.a[', 'has', 'x']],
    ])
      assert.equal(typeof checkVars(wrong), 'string', JSON.stringify(wrong))
    assert.equal(checkVars([]), undefined)
  })
})
