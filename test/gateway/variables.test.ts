import assert from 'node:assert/strict'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { variable } from '../../src/gateway/variables.ts'
import { listenForTest } from './listen-for-test.ts'
import { threadForTest } from './thread-for-test.ts'

test('$connection is the same for the requests of a connection, and another for another', async () => {
  const set = { 'X-Connection': '$connection' }
  const plugins = { mocking: { response_example: 'hi' }, 'response-rewrite': { headers: { set } } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins } })
  after(() => thread.close())
  const port = await listenForTest(thread)
  const ask = (agent: http.Agent): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = http.get({ port, agent }, (response) => {
        response.resume().on('end', () => resolve(String(response.headers['x-connection'])))
      })
      request.on('error', reject)
    })
  const [one, two] = [1, 2].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 })) as [http.Agent, http.Agent]
  const numbers = [await ask(one), await ask(two), await ask(one)]
  one.destroy()
  two.destroy()
  assert.match(numbers[0] as string, /^\d+$/)
  assert.notEqual(numbers[0], numbers[1])
  assert.equal(numbers[0], numbers[2])
})

test('what stands after ?? is there for a variable that is absent, and only then', async () => {
  const set = {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the gateway's own notation
    'X-Said': '[${http_x_who ?? no one}] [${ arg_n ?? 1 }] [${http_x_who}] [${ remote_addr }] [${http_x-who ?? }]',
  }
  const plugins = { mocking: { response_example: 'hi' }, 'response-rewrite': { headers: { set } } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins } })
  after(() => thread.close())
  const said = async (target: string, headers = {}): Promise<unknown> =>
    (await thread.inject({ target, headers })).headers.get('x-said')
  assert.equal(await said('/a'), '[no one] [1] [] [127.0.0.1] []')
  assert.equal(await said('/a?n=', { 'X-Who': 'ann' }), '[ann] [] [ann] [127.0.0.1] [ann]')
})

test('$connection_requests counts the requests of a connection', async () => {
  const set = { 'X-Requests': '$connection_requests' }
  const plugins = { mocking: { response_example: 'hi' }, 'response-rewrite': { headers: { set } } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins } })
  after(() => thread.close())
  const port = await listenForTest(thread)
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const counts: unknown[] = []
  for (let i = 0; i < 3; i++)
    await new Promise<void>((resolve, reject) => {
      const request = http.get({ port, agent }, (response) => {
        counts.push(response.headers['x-requests'])
        response.resume().on('end', resolve)
      })
      request.on('error', reject)
    })
  agent.destroy()
  assert.deepEqual(counts, ['1', '2', '3'])
})

const braced = (inside: string): string => `$\{${inside}}`

test('places of a template: braces, spaces, defaults, what has no name', async () => {
  const thread = threadForTest({})
  after(() => thread.close())
  const filled = async (template: string, target = '/?a=1'): Promise<string> => {
    thread.put('routes/1', { uri: '/*', plugins: { mocking: { response_example: template } } })
    return (await thread.inject({ target })).body.toString()
  }
  assert.equal(await filled(`$arg_a-${braced('arg_a')}-${braced(' arg_a ')}`), '1-1-1')
  assert.equal(await filled(`${braced('arg_b ?? none')}/${braced(' arg_a??none ')}`), 'none/1')
  assert.equal(await filled(braced('arg_a ?? x'), '/?a='), '')
  assert.equal(await filled(`[${braced('not a variable')}]`), '[]')
  assert.equal(await filled('\\$arg_a $ 5$'), '\\$arg_a $ 5$')
})

test('an address as bytes', async () => {
  const thread = threadForTest({
    'routes/1': { uri: '/*', plugins: { mocking: { response_example: '$binary_remote_addr' } } },
  })
  after(() => thread.close())
  const packed = async (remoteAddr: string): Promise<string> =>
    Buffer.from((await thread.inject({ target: '/', remoteAddr })).body.toString(), 'latin1').toString('hex')
  assert.equal(await packed('192.0.2.1'), 'c0000201')
  assert.equal(await packed('2001:db8::1'), '20010db8000000000000000000000001')
  assert.equal(await packed('::'), '0'.repeat(32))
})

test('what an upstream has said in cookies and trailers', async () => {
  const server = http.createServer((_, response) => {
    response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2', 'a=3; HttpOnly'])
    response.setHeader('Trailer', 'X-Sum')
    response.write('x')
    response.addTrailers({ 'X-Sum': '7' })
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const logged: unknown[] = []
  const upstream = { type: 'roundrobin', nodes: { [`127.0.0.1:${(server.address() as AddressInfo).port}`]: 1 } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', upstream } }, {}, undefined, (ctx) =>
    logged.push(
      ...['upstream_cookie_a', 'upstream_cookie_none', 'upstream_trailer_x_sum'].map((name) => variable(ctx, name)),
    ),
  )
  after(() => thread.close())
  await thread.inject({ target: '/' })
  assert.deepEqual(logged, ['3', undefined, '7'])
})

test('several fields of a name are one list, whether they are written with - or _', async () => {
  const set = { 'X-Seen': '$http_x_a', 'X-Cookie': '$http_cookie' }
  const plugins = { mocking: { response_example: 'hi' }, 'response-rewrite': { headers: { set } } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins } })
  after(() => thread.close())
  const port = await listenForTest(thread)
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const headers = ['Host', 'a', 'X-A', '1', 'Cookie', 'a=1', 'x_a', '2', 'Cookie', 'b=2']
    http.get({ port, headers }, (got) => resolve(got.resume())).on('error', reject)
  })
  assert.equal(response.headers['x-seen'], '1, 2')
  assert.equal(response.headers['x-cookie'], 'a=1; b=2')
})

test('post_arg_ looks into forms, post_arg. into JSON too', async () => {
  const response_example = '$post_arg_a|$post_arg.a'
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins: { mocking: { response_example } } } })
  after(() => thread.close())
  const filled = async (type: string, body: string): Promise<string> => {
    const headers = { 'Content-Type': type }
    return (await thread.inject({ method: 'POST', target: '/', headers, body })).body.toString()
  }
  assert.equal(await filled('application/x-www-form-urlencoded', 'a=1'), '1|1')
  assert.equal(await filled('application/json', '{"a":1}'), '|1')
})

test('a path into a body that is none names nothing in a template', async () => {
  const response_example = `[${braced('post_arg.a[')}] [${braced('post_arg.a[0]')}]`
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins: { mocking: { response_example } } } })
  after(() => thread.close())
  const headers = { 'Content-Type': 'application/json' }
  const answer = await thread.inject({ method: 'POST', target: '/', headers, body: '{"a":[1]}' })
  assert.equal(answer.status, 200)
  assert.equal(answer.body.toString(), '[] [1]')
})

test('a path into a body looks at all that the body holds, in templates and in conditions', async () => {
  const vars = [['post_arg.a[*].b', 'has', 'last']]
  const response_example = `${braced('post_arg.a[*].b')}`
  const thread = threadForTest({
    'routes/1': { uri: '/*', plugins: { mocking: { response_example } } },
    'routes/2': { uri: '/last', vars, plugins: { mocking: { response_example: 'found' } } },
    'routes/3': { uri: '/deep', vars: [['post_arg.*..b..b', 'has', 'last']], plugins: { mocking: {} } },
  })
  after(() => thread.close())
  const headers = { 'Content-Type': 'application/json' }
  const send = (target: string, body: string) => thread.inject({ method: 'POST', target, headers, body })
  const many = JSON.stringify({ a: [...Array.from({ length: 40_000 }, () => ({ b: 1 })), { b: 'last' }] })
  assert.ok((await send('/', many)).body.toString() === `${'1,'.repeat(40_000)}last`)
  assert.equal((await send('/last', many)).body.toString(), 'found')
  assert.equal((await send('/last', many.replace('last', 'none'))).status, 200)
  const nested = `${'{"b":'.repeat(900)}"last"${'}'.repeat(900)}`
  assert.equal((await send('/deep', nested)).status, 200)
})

test('a list in a template: what it holds, objects and lists within as JSON; one that would be longer than any body is absent', async () => {
  const response_example = `[${braced('post_arg.a')}] [${braced('post_arg.a[*]')}] [${braced('post_arg..* ?? too long')}]`
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins: { mocking: { response_example } } } })
  after(() => thread.close())
  const filled = async (body: string): Promise<string> => {
    const headers = { 'Content-Type': 'application/json' }
    return (await thread.inject({ method: 'POST', target: '/', headers, body })).body.toString()
  }
  const list = '1,x,,true,{"b":[2]},[3]'
  assert.equal(
    await filled('{"a":[1,"x",null,true,{"b":[2]},[3]]}'),
    `[${list}] [${list}] [[1,"x",null,true,{"b":[2]},[3]],${list},[2],2,3]`,
  )
  const wrapped = `{"c":${'['.repeat(900)}"${'x'.repeat(500_000)}"${']'.repeat(900)}}`
  assert.equal(await filled(wrapped), '[] [] [too long]')
})

test('a body that is nested deeper than 1000 levels has no variables', async () => {
  const response_example = `[${braced('post_arg.a')}] [${braced('post_arg.a[*]')}] [${braced('post_arg.a..none')}] [${braced('post_arg.b')}]`
  const thread = threadForTest({ 'routes/1': { uri: '/*', plugins: { mocking: { response_example } } } })
  after(() => thread.close())
  const filled = async (levels: number, inside = ''): Promise<string> => {
    const headers = { 'Content-Type': 'application/json' }
    const body = `{"a":${'['.repeat(levels)}${inside}${']'.repeat(levels)},"b":"[[{\\"["}`
    const answer = await thread.inject({ method: 'POST', target: '/', headers, body })
    assert.equal(answer.status, 200)
    return answer.body.toString()
  }
  const whole = `${'['.repeat(998)}${']'.repeat(998)}`
  assert.ok((await filled(999)) === `[${whole}] [${whole}] [] [[[{"[]`)
  assert.equal(await filled(1000), '[] [] [] []')
  assert.equal(await filled(200_000), '[] [] [] []')
})

test('no multipart body takes long to look into, whatever its parts say', async () => {
  const set = { 'X-Who': '$post_arg.who' }
  const plugins = { mocking: { response_example: 'hi' }, 'response-rewrite': { headers: { set } } }
  const thread = threadForTest({ 'routes/1': { uri: '/*', vars: [['post_arg.who', '!', 'IN', []]], plugins } })
  after(() => thread.close())
  const send = (part: string) =>
    thread.inject({
      method: 'POST',
      target: '/',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
      body: `--b\r\n${part}\r\n--b--\r\n`,
    })
  const { headers } = await send('Content-Type: text/plain\r\ncontent-disposition: form-data; name="who"\r\n\r\nann')
  assert.equal(headers.get('x-who'), 'ann')
  for (const word of ['content-disposition: ', ';name=', ';name="'])
    for (const line of [`content-disposition: ${word.repeat(200_000 / word.length)}`, `${word}\n`.repeat(10_000)]) {
      const began = process.cpuUsage()
      assert.equal((await send(`${line}\r\n\r\nann`)).status, 200)
      assert.ok(process.cpuUsage(began).user < 500_000, word)
    }
})
