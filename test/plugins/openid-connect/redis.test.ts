// Sessions in a real Redis.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRedis } from '../../lib/redis-servers.ts'
import { needs } from '../../needs.ts'
import { type Echo, startBench } from '../harness.ts'
import { Browser, SECRET, startProvider } from '../openid-provider.ts'

test(
  'sessions in Redis: a small cookie, nothing to read there, and an end that holds',
  needs('redis-server'),
  async () => {
    const [provider, bench, redis] = [
      await startProvider(),
      await startBench(),
      await startRedis('--requirepass', 'word'),
    ]
    const session = {
      secret: '0123456789abcdef',
      storage: 'redis',
      redis: {
        port: redis.port,
        password: 'word',
        prefix: 'oidc',
        read_timeout: 300,
        connect_timeout: 300,
        send_timeout: 300,
      },
    }
    const conf = { client_id: 'client_secret_basic', client_secret: SECRET, discovery: provider.discovery, session }
    const keys = (): string[] => redis.call('-a', 'word', '--no-auth-warning', 'keys', '*').split('\n').filter(Boolean)
    const logIn = async (): Promise<Browser> => {
      const browser = new Browser(bench)
      const back = await browser.logIn(String((await browser.get('/app')).headers.location))
      assert.equal((await browser.get(back.pathname + back.search)).status, 302)
      return browser
    }
    bench.route({ 'openid-connect': conf })
    const browser = await logIn()
    const { headers } = (await browser.get('/app')).json<Echo>()
    const token = headers['x-access-token'] as string
    assert.ok(token && headers['x-id-token'])
    assert.ok([...browser.cookies.values()].join('').length < 300)
    const [key = '', ...others] = keys()
    assert.match(key, /^oidc:/)
    assert.deepEqual(others, [])
    assert.ok(!redis.call('-a', 'word', '--no-auth-warning', 'get', key).includes(token))
    assert.ok(Number(redis.call('-a', 'word', '--no-auth-warning', 'ttl', key)) > 3500)

    bench.route({ 'openid-connect': { ...conf, access_token_expires_leeway: 100_000 } })
    const renewed = (await browser.get('/app')).json<Echo>().headers['x-access-token']
    assert.ok(renewed && renewed !== token)
    assert.deepEqual(keys(), [key], 'a session that goes on keeps its name')

    bench.route({ 'openid-connect': conf })
    const copied = new Browser(bench)
    for (const [name, value] of browser.cookies) copied.cookies.set(name, value)
    assert.equal((await copied.get('/app')).status, 200)
    assert.equal((await browser.get('/logout')).status, 302)
    assert.deepEqual(keys(), [])
    assert.equal((await copied.get('/app')).status, 302, 'a copy ends with the session')

    const last = await logIn()
    await redis.stop()
    assert.equal((await last.get('/app')).status, 503)
  },
)
