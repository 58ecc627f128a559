// The recordings of authentication, protection and transformation.
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'

// One thread: each begins a round of its own, and what was recorded is one round.
const bench = await startReplay({ GATEWARD_THREADS: '1' })

for (const plugin of [
  'basic-auth',
  'key-auth',
  'jwt-auth',
  'hmac-auth',
  'openid-connect',
  'multi-auth',
  'forward-auth',
  'consumer-restriction',
  'cors',
  'csrf',
  'proxy-rewrite',
  'response-rewrite',
  'redirect',
  'mocking',
  'fault-injection',
  'ip-restriction',
  'ua-restriction',
  'referer-restriction',
  'uri-blocker',
  'request-id',
  'request-validation',
  'serverless-pre-function',
  'traffic-split',
  'echo',
  'body-transformer',
  'degraphql',
]) {
  test(`${plugin} answers as recorded`, async () => {
    await bench.replay(plugin)
  })
}
