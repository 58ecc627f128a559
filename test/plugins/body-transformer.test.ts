import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { type Echo, refusal, startBench } from './harness.ts'

const bench = await startBench()
const JSON_TYPE = { 'Content-Type': 'application/json' }

/** What reaches the upstream of `body` by this template. */
async function transformed(
  template: string,
  body: string,
  more: object = {},
  headers: object = JSON_TYPE,
): Promise<string> {
  bench.route({ 'body-transformer': { request: { template, ...more } } })
  const answer = await bench.send('/a?name=q', { method: 'POST', body, headers: headers as Record<string, string> })
  return answer.status === 200 ? answer.json<Echo>().body : `${answer.status} ${answer.text}`
}

test('values, expressions and helpers', async () => {
  const body = '{"name":"hello","age":20,"list":["a","b"],"deep":{"x":{"y":null}},"quote":"a\\"<b"}'
  const cases: [template: string, expected: string][] = [
    ['{"foo":"{{name .. " world"}}","bar":{{age+10}}}', '{"foo":"hello world","bar":30}'],
    ['{{list[1]}}{{list[3]}}{{list[#list]}}', 'ab'],
    ['{{quote}}', 'a&quot;&lt;b'],
    ['{*quote*}{# no word #}', 'a"<b'],
    ['{*_escape_json(quote)*} {*_escape_xml(quote)*}', '"a\\"<b" a&quot;&lt;b'],
    ['{{missing}}|{{missing == nil}}|{{deep.x.y == nil}}', '|true|true'],
    ['{{not missing and "yes" or "no"}}', 'yes'],
    ['{{(1 + 2) * 3 - 10 / 4}} {{7 % 3}} {{-age}}', '6.5 1 -20'],
    ['{{context.name}} {{_ctx.var.arg_name}} {{_ctx.var.request_method}}', 'hello q POST'],
    ['{{string.upper(name)}} {{string.sub(name, 2, -2)}} {{tonumber("4") + 1}}', 'HELLO ell 5'],
    ['{% if age > 18 then %}adult{% elseif age > 12 then %}teen{% else %}child{% end %}', 'adult'],
    ['{% for i, one in ipairs(list) do %}{{i}}{{one}},{% end %}', '1a,2b,'],
    ['{% for i = 1, 3 do %}{{i}}{% end %}{% local x = age / 2 %}{{x}}', '12310'],
  ]
  for (const [template, expected] of cases) assert.equal(await transformed(template, body), expected, template)
  assert.equal(await transformed('{* string.gsub(_body, "not ", "") *}', 'not so', { input_format: 'plain' }), 'so')
})

test('statements over several lines and parts, methods of texts, libraries that read and write bodies', async () => {
  const body = '{"name":"hello","age":20,"list":[1,2]}'
  const cases: [template: string, expected: string][] = [
    [
      '{%\n local x = age -- of the person\n local y = x * 2; if y > 30 then %}old{% else %}young{% end %}{{y}}',
      'old40',
    ],
    ['{{name:upper()}} {{name:sub(2, 3)}} {{(name .. "!"):len()}}', 'HELLO el 6'],
    ["{% local cjson = require 'cjson' %}{*cjson.encode(list)*}{{cjson.decode('[7]')[1]}}", '[1,2]7'],
    ['{% local core = require("apisix.core") %}{*core.json.encode(name)*}', '"hello"'],
    ['{% local yaml = require("tinyyaml") local doc = yaml.parse(_body) %}{{doc.name}}', 'hello'],
    ['{% for _, a in ipairs(list) do for _, b in ipairs(list) do %}{{a}}{{b}} {% end end %}', '11 12 21 22 '],
  ]
  for (const [template, expected] of cases) assert.equal(await transformed(template, body), expected, template)
  const yaml = '{% local yaml = require("tinyyaml") %}{*yaml.parse(_body)[1]*}'
  const alias = ['a0: &a0 [x]', ...[1, 2, 3, 4].map((i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(10)}]`)].join('\n')
  assert.match(await transformed(yaml, alias, {}, { 'Content-Type': 'text/yaml' }), /^503 .*it is no YAML/)
  assert.match(await transformed('{{name:explode()}}', body), /^503 .*has no method explode/)
  assert.match(await transformed('{% local f = list.x %}{% f(1) %}', body), /^503 .*nil is no function/)
})

test('a form of several parts is changed and written again', async () => {
  const type = { 'Content-Type': 'multipart/form-data; boundary="b 1"' }
  const parts = (...fields: string[]): string => `${fields.map((one) => `--b 1\r\n${one}\r\n`).join('')}--b 1--\r\n`
  const a = 'Content-Disposition: form-data; name="a"\r\n\r\n1'
  const file =
    'Content-Disposition: form-data; name="f"; filename="x.txt"\r\nContent-Type: text/plain\r\n\r\nhi\r\nthere'
  const write = (code: string): string => `{% context._multipart:${code} %}{*_multipart:tostring()*}`
  const added = 'Content-Disposition: form-data; name="n%22%0D%0A"\r\n\r\nnew'
  assert.equal(await transformed('{*_multipart:tostring()*}', parts(a, file), {}, type), parts(a, file))
  assert.equal(await transformed(write("set_simple('n\\\"\\r\\n', 'new')"), parts(a), {}, type), parts(a, added))
  assert.equal(
    await transformed(write("set_simple('a', 2)"), parts(a, file), {}, type),
    parts(a.replace('1', '2'), file),
  )
  assert.equal(await transformed(write("delete('a')"), parts(a, file), {}, type), parts(file))
  assert.equal(await transformed('{{f}}', parts(file), {}, type), 'hi\r\nthere')
  for (const [body, problem] of [
    ['--b 1\r\nno end', 'last boundary is missing'],
    ['--b 1\r\nx\r\n--b 1--', 'no empty line'],
    [parts(...Array.from({ length: 1001 }, () => a)), 'more than 1000 parts'],
  ] as const)
    assert.match(await transformed('{{a}}', body, {}, type), new RegExp(`^400 .*${problem}`))
})

test('values that grow are bounded', async () => {
  const list = JSON.stringify(Array.from({ length: 1_000_001 }, () => 0))
  const begun = performance.now()
  assert.match(await transformed('{% for i, x in ipairs(context) do %}{% end %}', '{}'), /^503|^$/)
  assert.match(
    await transformed('{% for i, x in ipairs(l) do %}{% end %}', `{"l":${list}}`),
    /^503 .*more than 1000000 rounds/,
  )
  assert.ok(performance.now() - begun < 3000)
  const nested = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
  assert.match(await transformed('{*l*}', `{"l":${nested}}`), /^400 .*nested deeper than 1000 levels/)
  const doubled = `{% local x = string.rep("a", 1000000) %}${'{% local x = x .. x %}'.repeat(10)}{*x*}`
  assert.match(await transformed(doubled, '{}'), /^503 .*too large|longer than/)
  const deep = `${'<a>'.repeat(50_000)}${'</a>'.repeat(50_000)}`
  assert.match(await transformed('x', deep, {}, { 'Content-Type': 'text/xml' }), /^(?:x$|400)/)
  for (const long of ['<b/>'.repeat(200_001), 'x'.repeat(4 * 1024 * 1024)])
    assert.match(
      await transformed('x', `<a>${long}</a>`, {}, { 'Content-Type': 'text/xml' }),
      /^400 .*XML of more than 4194304 characters or 200000 tags is not read/,
    )
})

test('formats of requests', async () => {
  const xml =
    '<?xml version="1.0"?><s:E xmlns:s="urn:x"><s:B a="1">t</s:B><c>1</c><c>2</c><n/><x><![CDATA[<]]></x></s:E>'
  const read = '{{E.B[1]}}{{E.B._attr.a}}{{E.c[2]}}[{{E.n}}]{*E.x*}'
  assert.equal(await transformed(read, xml, {}, { 'Content-Type': 'text/xml' }), 't12[]<')
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  assert.equal(await transformed('{{a}} {{b[2]}} {{c}}', 'a=1+2&b=x&b=y&c', {}, form), '1 2 y true')
  const parts =
    '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n2\r\n--x--\r\n'
  assert.equal(
    await transformed('{{a[1]}}{{a[2]}}', parts, {}, { 'Content-Type': 'multipart/form-data; boundary=x' }),
    '12',
  )
  const base64 = Buffer.from('<{{name}}>').toString('base64')
  assert.equal(await transformed(base64, '{"name":"x"}', { template_is_base64: true }), '<x>')
  assert.equal(await transformed(base64, '{"name":"x"}', { input_format: 'json' }), '<x>')
  bench.route({ 'body-transformer': { request: { input_format: 'json', template: '{{q}}' } } })
  assert.equal((await bench.send('/a?q=5')).json<Echo>().body, '5')
})

test('a body cannot take the place of the gateway own names', async () => {
  const body = '{"_ctx":{"var":{"arg_name":"forged"}},"_body":"forged","context":{"a":1},"__proto__":{"x":1}}'
  assert.equal(await transformed('{{_ctx.var.arg_name}}{{x}}{{context.a}}', body), 'q')
  assert.equal(await transformed('{{constructor}}{{name.constructor}}', '{"name":{}}'), '')
})

test('bodies that do not fit are refused', async () => {
  assert.match(await transformed('{{a}}', '{'), /^400 \{"message":"request body decode: no JSON/)
  assert.match(await transformed('{{a}}', '5'), /^400 .*neither an object nor a list/)
  assert.match(
    await transformed('{{a.b.c}}', '{}'),
    /^503 .*request template rendering: \\"b\\" is asked of a value that is not there/,
  )
  assert.match(await transformed('{{a + 1}}', '{"a":"x"}'), /^503 .*is not a number/)
  assert.match(await transformed('{% for i = 1, 9999999 do %}{% end %}', '{}'), /^503 .*more than 1000000 rounds/)
  const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
  assert.match(await transformed('{{a}}', bomb, { input_format: 'xml' }), /^400 .*document type is not read/)
  bench.route({ 'body-transformer': { request: { template: 'x' }, max_req_body_size: 5 } })
  assert.equal((await bench.send('/a', { method: 'POST', body: '123456' })).status, 413)
})

test('responses', async () => {
  const response = (conf: object, target = '/a') => {
    bench.route({ 'body-transformer': { response: conf } })
    return bench.send(target)
  }
  const ok = await response({ template: '{"by":"{{server}}","status":{{_ctx.var.status}}}' }, '/a?status=404')
  assert.deepEqual([ok.status, ok.text], [404, '{"by":"u1","status":404}'])
  const bad = await response({ input_format: 'json', template: '{{server}}' }, '/a?body=nojson')
  assert.equal(bad.status, 502)
  assert.match(bad.text, /^\{"message":"response body decode: no JSON/)
  const xml = await response(
    { input_format: 'xml', template: '{{a.b}}' },
    `/a?type=text/xml&body=${encodeURIComponent('<a><b>1</b></a>')}`,
  )
  assert.equal(xml.text, '1')
  const args = await response({ input_format: 'args', template: '{{q}} {{_body}}' }, '/a?q=5&body=x')
  assert.equal(args.text, '5 x')
  const parts = '--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nv\r\n--b--\r\n'
  const multipart = await response(
    { template: '{{f}}' },
    `/a?type=${encodeURIComponent('multipart/form-data; boundary=b')}&body=${encodeURIComponent(parts)}`,
  )
  assert.equal(multipart.text, 'v')
  bench.route({ 'body-transformer': { response: { template: 'x' }, max_resp_body_size: 5 } })
  assert.equal((await bench.send('/a')).status, 502)
})

test('templates that cannot be compiled are refused when they are written', () => {
  const fault = (template: string) => refusal('body-transformer', { request: { template } }) ?? ''
  assert.match(fault('{{'), /the request's template cannot be compiled: "\{\{" does not end/)
  assert.match(fault('{% if %}'), /a value is missing/)
  assert.match(fault('{% if a %}x{% end %}'), /"then" is missing/)
  assert.match(fault('{% if a then %}'), /\{% end %\} is missing/)
  assert.match(fault('{% end %}'), /has no beginning/)
  assert.match(fault('{% os.execute("rm") %}'), /the function os.execute is not known; there are _escape_json/)
  assert.match(fault('{% local f = io.open %}{% f("x") %}'), /^$/)
  assert.match(fault('{% while true do %}{% end %}'), /Lua is not run here; there are if/)
  assert.match(fault('{% function f() end %}'), /Lua is not run here/)
  assert.match(fault('{% a = 1 %}'), /Lua is not run here/)
  assert.match(fault('{% a.b(1) %}'), /the function a.b is not known/)
  assert.match(fault('{% a[1](2) %}'), /no function that is known/)
  assert.match(
    fault('{{require("os")}}'),
    /require takes one of tinyyaml, cjson, cjson.safe, apisix.core: Lua is not run/,
  )
  assert.match(fault('{(other.html)}'), /includes a template/)
  assert.match(fault('{{a..}}'), /a value is missing/)
  assert.match(fault(`{{${'('.repeat(60)}1${')'.repeat(60)}}}`), /too many brackets/)
  assert.equal(fault('{"a":{"b":{}}}'), '')
})

test('a compressed response is unpacked', async () => {
  const { createServer } = await import('node:http')
  const server = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })
    response.end(gzipSync('{"a":7}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  bench.route(
    { 'body-transformer': { response: { template: '[{{a}}]' } } },
    { upstream: { nodes: { [`127.0.0.1:${port}`]: 1 } } },
  )
  const answer = await bench.send('/a')
  assert.deepEqual([answer.text, answer.headers['content-encoding']], ['[7]', undefined])
  server.close()
})
