// The examples of limit-conn's page.
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { startRedis } from '../../lib/redis-servers.ts'
import { needs } from '../../needs.ts'
import { type Config, type Stage, startStories } from './story.ts'

const { story, stage, upstream } = await startStories()
const limit = { conn: 2, burst: 1, default_conn_delay: 0.1, rejected_code: 429 }
const route = (plugins: object, more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/*', upstream, plugins, ...more },
]
const PEOPLE: Config = ['john', 'jane'].flatMap(
  (name): Config => [
    [`consumers/${name}`, { username: name }],
    [`consumers/${name}/credentials/key`, { plugins: { 'key-auth': { key: `${name}-key` } } }],
  ],
)

/** Statuses of five requests at once, each of which takes a while. */
async function five(at: Stage, headers: Record<string, string> = {}): Promise<number[]> {
  const sent = await Promise.all([1, 2, 3, 4, 5].map(() => at.send('/get?delay=300', { headers })))
  return sent.map(({ status }) => status).sort()
}

story(
  'by the address of the client',
  [route({ 'limit-conn': { ...limit, key_type: 'var', key: 'remote_addr', policy: 'local' } })],
  async (at) => {
    assert.deepEqual(await five(at), [200, 200, 200, 429, 429])
    assert.equal((await at.send('/get')).status, 200)
  },
)

story(
  'by address and consumer',
  [
    ...PEOPLE,
    route({
      'key-auth': {},
      'limit-conn': { ...limit, key_type: 'var_combination', key: '$remote_addr $consumer_name' },
    }),
  ],
  async (at) => {
    const both = await Promise.all([five(at, { apikey: 'john-key' }), five(at, { apikey: 'jane-key' })])
    assert.deepEqual(both, [
      [200, 200, 200, 429, 429],
      [200, 200, 200, 429, 429],
    ])
  },
)

const UPGRADE =
  'GET /.ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

/** Opens a WebSocket: its socket and the status of the answer. */
function open(address: string): Promise<{ socket: Socket; status: number }> {
  const [host, port] = address.split(':')
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), host, () => socket.write(UPGRADE))
    socket.once('error', reject)
    socket.once('data', (bytes) => resolve({ socket, status: Number(bytes.toString().split(' ')[1]) }))
  })
}

story(
  'WebSockets hold their places while they are open',
  [route({ 'limit-conn': limit }, { enable_websocket: true })],
  async ({ running }) => {
    const address = running.env.GATEWARD_GATEWAY_HTTP as string
    const opened = [await open(address), await open(address), await open(address), await open(address)]
    assert.deepEqual(
      opened.map(({ status }) => status),
      [101, 101, 101, 429],
    )
    for (const { socket } of opened) socket.destroy()
    let status = 429
    for (let tries = 0; status === 429 && tries < 100; tries++) {
      const again = await open(address)
      again.socket.destroy()
      status = again.status
    }
    assert.equal(status, 101, 'closed ones give their places back')
  },
)

test('places are kept in a Redis with a password', needs('redis-server'), async () => {
  const { port } = await startRedis('--requirepass', 'p@ssw0rd')
  const where = {
    policy: 'redis',
    redis_host: '127.0.0.1',
    redis_port: port,
    redis_password: 'p@ssw0rd',
    redis_database: 1,
  }
  await stage.put(
    ...route({ 'limit-conn': { ...limit, conn: 1, key: 'remote_addr', redis_timeout: 10_000, ...where } }),
  )
  assert.deepEqual(await five(stage), [200, 200, 429, 429, 429])
})

story(
  'without a status and a message of its own a refusal is the page of 503',
  [route({ 'limit-conn': { conn: 1, burst: 0, default_conn_delay: 0.1 } })],
  async (at) => {
    const sent = await Promise.all([1, 2].map(() => at.send('/get?delay=200')))
    const refused = sent.find(({ status }) => status === 503)
    assert.match(String(refused?.body), /<title>503 Service Temporarily Unavailable<\/title>/)
  },
)

story('requests beyond conn wait, each longer, or all alike', [], async (at) => {
  const elapsed = async (conf: object): Promise<number[]> => {
    await at.put(...route({ 'limit-conn': { ...limit, conn: 1, burst: 2, ...conf } }))
    const sent = await Promise.all([1, 2, 3].map(() => at.send('/get?delay=400')))
    return sent.map(({ elapsedMs }) => elapsedMs - 400).sort((a, b) => a - b)
  }
  const longer = await elapsed({})
  assert.ok((longer[1] ?? 0) >= 95 && (longer[2] ?? 0) >= 195, String(longer))
  const alike = await elapsed({ only_use_default_delay: true })
  assert.ok((alike[1] ?? 0) >= 95 && (alike[2] ?? 0) < 190, String(alike))
})

story('what does not go together is refused', [], async (at) => {
  const rule = { conn: 1, burst: 0, key: '$remote_addr' }
  await at.refuses(...route({ 'limit-conn': { default_conn_delay: 0.1, conn: 1 } }), /limit-conn/)
  await at.refuses(...route({ 'limit-conn': { ...limit, rules: [rule] } }), /cannot be specified at the same time/)
  await at.refuses(...route({ 'limit-conn': { default_conn_delay: 0.1, rules: [rule, rule] } }), /duplicate key/)
  await at.refuses(...route({ 'limit-conn': { ...limit, conn: 0 } }), /conn/)
})
