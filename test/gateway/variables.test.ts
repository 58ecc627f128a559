import assert from 'node:assert/strict'
import http from 'node:http'
import { after, test } from 'node:test'
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
