import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()

test('redirects to an address with variables', async () => {
  bench.route({ redirect: { uri: '/x/$uri/$arg_n/\\$lit', ret_code: 307 } })
  const answer = await bench.send('/a/b?n=5')
  assert.equal(answer.status, 307)
  assert.equal(answer.headers.location, '/x//a/b/5/\\$lit')
  assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8')
  bench.route({ redirect: { uri: 'https://$host/new' } })
  const plain = await bench.send('/a', { headers: { Host: 'h.example' } })
  assert.equal(plain.status, 302)
  assert.equal(plain.headers.location, 'https://h.example/new')
  assert.equal(plain.headers['content-type'], 'text/html')
})

test('appends the query with the right mark', async () => {
  bench.route({ redirect: { uri: '/new?z=0', append_query_string: true } })
  assert.equal((await bench.send('/a?x=1')).headers.location, '/new?z=0&x=1')
  bench.route({ redirect: { uri: '/new', append_query_string: true } })
  assert.equal((await bench.send('/a?x=1&y=2')).headers.location, '/new?x=1&y=2')
  assert.equal((await bench.send('/a')).headers.location, '/new')
})

test('redirects by pattern, and goes on without a match', async () => {
  bench.route({ redirect: { regex_uri: ['^/a/(.*)/(.*)$', '/$2/$1'] } })
  assert.equal((await bench.send('/a/x/y?q=1')).headers.location, '/y/x')
  assert.equal((await bench.send('/a/x')).status, 200)
})

test('sends http to https, 308 when there may be a body', async () => {
  bench.route({ redirect: { http_to_https: true } })
  const answer = await bench.send('/a?x=1', { headers: { Host: 'h.example:9080' } })
  assert.equal(answer.status, 301)
  assert.equal(answer.headers.location, 'https://h.example/a?x=1')
  assert.equal((await bench.send('/a', { method: 'POST' })).status, 308)
  assert.equal((await bench.send('/a', { scheme: 'https' })).status, 200)
})

test('encode_uri escapes up to the query, and what stands in a path stays one', async () => {
  bench.route({ redirect: { uri: '/x$uri?a=$arg_a', encode_uri: true, append_query_string: true } })
  assert.equal((await bench.send('/a%20b%23d%C3%A9?a=1')).headers.location, '/x/a%20b%23d%C3%A9?a=1&a=1')
  bench.route({ redirect: { regex_uri: ['^/a/(.*)', 'https://o.example/$1?x=y z'], encode_uri: true } })
  assert.equal((await bench.send('/a/%22b%22')).headers.location, 'https://o.example/%22b%22?x=y z')
})

test('nothing in a path or a variable leads to another site', async () => {
  for (const [conf, target] of [
    [{ uri: '$uri/index.html' }, '//evil.example'],
    [{ uri: '$uri/index.html' }, '/%5Cevil.example'],
    [{ uri: '$request_uri' }, '//evil.example/%2e'],
    [{ uri: '/$arg_next' }, '/?next=/evil.example'],
    [{ uri: '/$arg_next' }, '/?next=%5Cevil.example'],
    [{ regex_uri: ['^/old(.*)', '$1'] }, '/old%2F%5C%2Fevil.example'],
  ] as const) {
    bench.route({ redirect: conf })
    const location = String((await bench.send(target)).headers.location)
    assert.equal(
      new URL(location, 'http://own.example').host,
      'own.example',
      `${JSON.stringify(conf)} ${target}: ${location}`,
    )
  }
  bench.route({ redirect: { uri: '//$arg_h/x' } })
  assert.equal((await bench.send('/?h=o.example')).headers.location, '//o.example/x', 'when the template means it')
})

test('a careless pattern does not hold the gateway', async () => {
  bench.route({ redirect: { regex_uri: ['^/(a+)+$', '/b'] } })
  const begun = performance.now()
  assert.equal((await bench.send(`/${'a'.repeat(40)}!`)).status, 200)
  assert.ok(performance.now() - begun < 2000)
})

test('a line end in the path cannot split the answer', async () => {
  bench.route({ redirect: { uri: '/x$uri' } })
  const answer = await bench.send('/a%0d%0aX-Bad:%201')
  assert.equal(answer.status, 302)
  assert.equal(answer.headers.location, '/x/a%0D%0AX-Bad: 1')
  assert.equal(answer.headers['x-bad'], undefined)
})

test('refuses what cannot work', () => {
  assert.equal(
    refusal('redirect', { regex_uri: ['(', 'b'] }),
    'invalid regex_uri ((, b), err:pcre2_compile() failed: missing closing parenthesis in "("',
  )
  assert.equal(
    refusal('redirect', { http_to_https: true, append_query_string: true }),
    'only one of `http_to_https` and `append_query_string` can be configured.',
  )
  assert.equal(
    refusal('redirect', { uri: '/a', http_to_https: true }),
    'value should match only one schema, but matches both schemas 1 and 3',
  )
})

test('a template that does not compile is refused', () => {
  assert.equal(
    refusal('redirect', { regex_uri: ['^/a', '/$b'] }),
    'invalid regex_uri (^/a, /$b), err:failed to compile the replacement template',
  )
})
