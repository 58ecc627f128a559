// csrf behaves as APISIX's page of it says.
import assert from 'node:assert/strict'
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()

const config = (conf: object = {}): Config => [
  ['routes/1', { uri: '/hello', plugins: { csrf: { key: 'edd1c9f034335f136f87ad84b625c8f1', ...conf } }, upstream }],
]

story('a token is set by each answer, and must come back in a header and the cookie', config(), async ({ step }) => {
  await step({ get: '/hello', method: 'POST', status: 401, body: '{"error_msg":"no csrf token in headers"}' })
  const cookie = /^apisix-csrf-token=([^;]+);path=\/;.*Expires=\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/
  const [first, second] = [await step({ get: '/hello', status: 200 }), await step({ get: '/hello', status: 200 })]
  const [token, other] = [first, second].map(({ headers }) => cookie.exec(String(headers['set-cookie']))?.[1])
  assert.ok(token && other && token !== other)
  const ways: [object, number, object?][] = [
    [{ 'apisix-csrf-token': token, cookie: `apisix-csrf-token=${token}` }, 200],
    [{ 'apisix-csrf-token': token }, 401, { error_msg: 'no csrf cookie' }],
    [{ 'apisix-csrf-token': token, cookie: `apisix-csrf-token=${other}` }, 401, { error_msg: 'csrf token mismatch' }],
    [{ cookie: `apisix-csrf-token=${token}` }, 401, { error_msg: 'no csrf token in headers' }],
  ]
  for (const [headers, status, body] of ways)
    await step({ get: '/hello', method: 'POST', headers: { ...headers }, status, ...(body && { body }) })
  for (const method of ['HEAD', 'OPTIONS']) await step({ get: '/hello', method, status: 200 })
  for (const method of ['PUT', 'DELETE', 'PATCH']) await step({ get: '/hello', method, status: 401 })
})

story('the token has a name and an end', config({ name: 'x-csrf', expires: 1 }), async ({ step }) => {
  const { headers } = await step({ get: '/hello', status: 200, fields: { 'set-cookie': /^x-csrf=/ } })
  const token = /^x-csrf=([^;]+)/.exec(String(headers['set-cookie']))?.[1] ?? ''
  const sent = { get: '/hello', method: 'POST', headers: { 'x-csrf': token, cookie: `x-csrf=${token}` } }
  await step({ ...sent, status: 200 })
  await new Promise((resolve) => setTimeout(resolve, 2100))
  await step({ ...sent, status: 401 })
})
