import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()
/** What reached the upstream. */
async function sent(conf: object, target: string, request: Parameters<typeof bench.send>[1] = {}): Promise<Echo> {
  bench.route({ 'proxy-rewrite': conf })
  const answer = await bench.send(target, request)
  assert.equal(answer.status, 200, answer.text)
  return answer.json<Echo>()
}

test('uri: a new path, which keeps the query and takes variables', async () => {
  assert.equal((await sent({ uri: '/new' }, '/old')).url, '/new')
  assert.equal((await sent({ uri: '/new' }, '/old?a=1&b=2')).url, '/new?a=1&b=2')
  assert.equal((await sent({ uri: '/new?c=3' }, '/old?a=1')).url, '/new?c=3&a=1')
  assert.equal((await sent({ uri: '/$arg_name/x' }, '/old?name=jack')).url, '/jack/x?name=jack')
  assert.equal((await sent({ uri: '/$arg_none/x' }, '/old')).url, '//x')
})

test('regex_uri: the first pattern that matches, with its groups; none: the path as it is', async () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a group in APISIX's words
  const regex_uri = ['^/api/(\\w+)/(\\w+)$', '/$2/$1', '^/api/(.*)', '/rest/${1}']
  assert.equal((await sent({ regex_uri }, '/api/a/b?q=1')).url, '/b/a?q=1')
  assert.equal((await sent({ regex_uri }, '/api/a/b/c')).url, '/rest/a/b/c')
  assert.equal((await sent({ regex_uri }, '/other')).url, '/other')
  assert.equal((await sent({ uri: '/first', regex_uri }, '/api/a/b')).url, '/first')
})

test('the path goes on normalised and encoded; as it came only when that is asked for', async () => {
  assert.equal((await sent({ headers: { set: { a: 'b' } } }, '/a/../b%20c//d?x=%2e')).url, '/b%20c/d?x=%2e')
  const raw = { use_real_request_uri_unsafe: true }
  assert.equal((await sent(raw, '/a%2Fb/%7Ec?x')).url, '/a%2Fb/%7Ec?x')
  assert.equal((await sent({ ...raw, uri: '/n%2Fw/$arg_a' }, '/old?a=b')).url, '/n%2Fw/b?a=b', 'taken as it is written')
  assert.equal((await sent({ ...raw, uri: '/new?c=d' }, '/old?a=b')).url, '/new?c=d&a=b')
  assert.equal((await sent({ ...raw, uri: '/new' }, '/old')).url, '/new')
  assert.equal(
    (await sent({ ...raw, regex_uri: ['^/old/(.*)', '/new/$1'] }, '/old/%2e%2Fx?a=b')).url,
    '/new/%2e%2Fx?a=b',
  )
})

test('what is escaped in a path stays escaped: it cannot become a query, a fragment, or be decoded twice', async () => {
  const headers = { set: { 'X-A': 'b' } }
  assert.equal((await sent({ headers }, '/a%3Fadmin=1')).url, '/a%3Fadmin=1')
  assert.equal((await sent({ headers }, '/a%23b%25c')).url, '/a%23b%25c')
  assert.equal((await sent({ headers }, '/a%255Cb')).url, '/a%255Cb')
  assert.equal((await sent({ headers }, '/%5Ba%5D')).url, '/[a]')
  assert.equal((await sent({ regex_uri: ['^/u/(.*)', '/v/$1'] }, '/u/a%3Fb?c')).url, '/v/a%3Fb?c')
  assert.equal((await sent({ regex_uri: ['^/u/(.*)', '/v?id=$1'] }, '/u/a%2526b%23c%20d')).url, '/v?id=a%2526b%23c%20d')
  assert.equal((await sent({ uri: '/v/$arg_name' }, '/x?name=a%3Fb=c')).url, '/v/a%3Fb=c?name=a%3Fb=c')
  assert.equal((await sent({ uri: '/v?n=$arg_name' }, '/x?name=a%20b%23c')).url, '/v?n=a%20b%23c&name=a%20b%23c')
})

test('a group cannot name a variable, nor end a field', async () => {
  const conf = { regex_uri: ['^/u/([\\s\\S]*)', '/u'], headers: { set: { 'X-User': 'is $1 of $arg_x.' } } }
  assert.equal((await sent(conf, '/u/$http_host?x=$scheme')).headers['x-user'], 'is $http_host of $scheme.')
  const { headers } = await sent(conf, '/u/a%0d%0aX-Evil:%201')
  assert.deepEqual([headers['x-user'], headers['x-evil']], ['is a%0D%0AX-Evil: 1 of .', undefined])
})

test("X-Forwarded-Proto, -Host and -Port are the gateway's own words, not the client's, unless they are set here", async () => {
  const client = { headers: { Host: 'front', 'X-Forwarded-Host': 'evil', 'X-Forwarded-Proto': 'https' } }
  const set = { 'X-Forwarded-Host': 'public.example', 'X-Forwarded-Port': 8443, 'x-forwarded-proto': 'https' }
  const told = (await sent({ headers: { set } }, '/a', client)).headers
  assert.deepEqual(
    [told['x-forwarded-host'], told['x-forwarded-port'], told['x-forwarded-proto']],
    ['public.example', '8443', 'https'],
  )
  const plain = (await sent({ headers: { set: { 'X-A': 'b' } } }, '/a', client)).headers
  assert.deepEqual([plain['x-forwarded-host'], plain['x-forwarded-proto']], ['front', 'http'])
})

test('a careless pattern does not hold the gateway', async () => {
  const begun = performance.now()
  assert.equal((await sent({ regex_uri: ['^/(a+)+$', '/b'] }, `/${'a'.repeat(40)}!`)).url, `/${'a'.repeat(40)}!`)
  bench.route({ 'proxy-rewrite': { regex_uri: ['^/(?=a)(a+)+$', '/b'] } })
  assert.equal((await bench.send(`/${'a'.repeat(40)}!`)).status, 500, 'what cannot be bounded otherwise is given up')
  assert.ok(performance.now() - begun < 2000)
})

test('a variable cannot end the request line or a field', async () => {
  bench.route({ 'proxy-rewrite': { uri: '/$arg_a' } })
  assert.equal((await bench.send('/x?a=b%20HTTP/1.1')).json<Echo>().url.startsWith('/b'), true)
  const { headers } = await sent({ headers: { set: { 'X-A': '$arg_a' } } }, '/x?a=1%0d%0aX-Evil:%201')
  assert.deepEqual([headers['x-evil'], headers['x-a']], [undefined, '1%0D%0AX-Evil: 1'])
})

test('method, host and scheme', async () => {
  assert.equal((await sent({ method: 'DELETE' }, '/a')).method, 'DELETE')
  assert.equal(
    (await sent({ host: 'backend.example:81' }, '/a', { headers: { Host: 'front' } })).headers.host,
    'backend.example:81',
  )
  bench.route({ 'proxy-rewrite': { scheme: 'https' } })
  assert.equal((await bench.send('/a')).status, 502, 'the upstream speaks no TLS')
})

test('headers: set replaces, add goes beside, remove takes away; then an object of values sets', async () => {
  const given = { headers: { 'X-Set': 'old', 'X-Add': 'one', 'X-Gone': 'x', 'X-Empty': 'x' } }
  const headers = { set: { 'X-Set': 'new', 'X-Empty': '', 'X-Number': 7 }, add: { 'X-Add': 'two' }, remove: ['X-Gone'] }
  const seen = (await sent({ headers }, '/a', given)).headers
  assert.equal(seen['x-set'], 'new')
  assert.equal(seen['x-add'], 'one, two')
  assert.equal(seen['x-number'], '7')
  assert.deepEqual([seen['x-gone'], seen['x-empty']], [undefined, undefined])
  const plain = (await sent({ headers: { 'X-Set': 'new', 'X-Route': '$uri' } }, '/a/b', given)).headers
  assert.deepEqual([plain['x-set'], plain['x-route']], ['new', '/a/b'])
  assert.equal(
    (await sent({ headers: { set: { Host: 'evil' } } }, '/a', { headers: { Host: 'front' } })).headers.host,
    'front',
  )
})

test('headers take the groups of regex_uri', async () => {
  const conf = { regex_uri: ['^/users/(\\d+)$', '/u'], headers: { set: { 'X-User': 'id-$1' } } }
  assert.equal((await sent(conf, '/users/7')).headers['x-user'], 'id-7')
  assert.equal((await sent(conf, '/other')).headers['x-user'], 'id-')
})

test('what cannot be is refused when it is written', () => {
  for (const [conf, message] of [
    [{}, /./],
    [{ uri: 'no-slash' }, /uri/],
    [{ headers: { set: { 'X-A': 'b' }, 'X-B': 'c' } }, /"headers" has X-B beside set: .* below set/],
    [{ method: 'NONE' }, /method/],
    [{ host: 'a b' }, /host/],
    [{ scheme: 'ftp' }, /scheme/],
    [{ regex_uri: ['a'] }, /regex_uri/],
    [{ regex_uri: ['a', 'b', 'c'] }, /even number/],
    [{ regex_uri: ['(', '/'] }, /./],
    [{ regex_uri: ['^/(.*)', '/$name'] }, /replacement template/],
    [{ regex_uri: ['^/(.*)', '/$'] }, /replacement template/],
    [{ headers: { set: { '': 'x' } } }, /headers/],
    [{ headers: { add: { 'a b': 'x' } } }, /"headers.add" is not the name of a header: "a b"/],
    [{ headers: { a: 'x\r\ny' } }, /CR, LF or NUL/],
    [{ headers: {} }, /headers/],
  ] as const)
    assert.match(refusal('proxy-rewrite', conf) ?? '', message, JSON.stringify(conf))
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a group in APISIX's words
  assert.equal(refusal('proxy-rewrite', { regex_uri: ['^/(.*)', '/${1}$$'] }), undefined)
})

test('a pattern or a template that does not compile is named', () => {
  assert.equal(
    refusal('proxy-rewrite', { regex_uri: ['(', '/a'] }),
    'invalid regex_uri((, /a): pcre2_compile() failed: missing closing parenthesis in "("',
  )
  assert.equal(
    refusal('proxy-rewrite', { regex_uri: ['^/a', '/$b'] }),
    'invalid regex_uri(^/a, /$b): failed to compile the replacement template',
  )
})
