// The recordings of authentication, protection and transformation.
import { test } from 'node:test'
import { startReplay } from './plugin-replay.ts'

const bench = await startReplay()

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
  'degraphql',
]) {
  test(`${plugin} answers as recorded`, async () => {
    await bench.replay(plugin)
  })
}
