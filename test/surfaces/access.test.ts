import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { type Running, run } from './running.ts'

process.env.ACCESS_READER = 'reader-token-0123456789'

let running: Running
before(async () => {
  running = await run(`  listen: '127.0.0.1:0'
  tokens: [{ name: reader, key_env: ACCESS_READER, scopes: [read] }]`)
})
after(() => running?.close())

const post = (name: string, headers: Record<string, string>, body = '{}'): Promise<Response> =>
  fetch(`${running.surface}/v1/operations/${name}`, { method: 'POST', headers, body })

test('access: an address that others can reach needs a token', async () => {
  await assert.rejects(run("  listen: '0.0.0.0:0'"), /surface\.tokens is empty/)
})

test('access: a token without its key, or with a short one, stops the start', async () => {
  const token = (name: string): string => `  listen: '127.0.0.1:0'\n  tokens: [{ name: a, key_env: ${name} }]`
  process.env.ACCESS_SHORT = 'short'
  await assert.rejects(run(token('ACCESS_MISSING')), /reading surface token a: found no key in ACCESS_MISSING/)
  await assert.rejects(run(token('ACCESS_SHORT')), /found 5 characters/)
})

test('access: operations over REST need a token of the right scope', async () => {
  const reader = { Authorization: 'Bearer reader-token-0123456789' }
  const stranger = await post('look', {})
  assert.equal(stranger.status, 403)
  assert.match(await stranger.text(), /a script sends Authorization: Bearer with a token of surface\.tokens/)
  assert.equal((await post('look', { Authorization: 'Bearer reader-token-012345678' })).status, 401)
  assert.equal((await post('look', reader)).status, 200)
  const plan = await post('plan', reader)
  assert.equal(plan.status, 403)
  assert.match(await plan.text(), /scope plan/)
})

test("access: a token's bearer is of no other surface by saying so", async () => {
  process.env.ACCESS_PLANNER = 'planner-token-0123456789'
  const strict = await run(`  listen: '127.0.0.1:0'
  tokens: [{ name: planner, key_env: ACCESS_PLANNER, scopes: [read, plan, apply] }]
approvals: { surfaces: { rest: read-only } }`)
  try {
    for (const surface of ['rest', 'cli', 'console', 'mcp', 'trial']) {
      const headers = { Authorization: 'Bearer planner-token-0123456789', 'Gateward-Surface': surface }
      const body = JSON.stringify({ intents: [{ do: 'add_consumer', consumer: 'mallory' }] })
      const answer = await fetch(`${strict.surface}/v1/operations/plan`, { method: 'POST', headers, body })
      assert.equal(answer.status, 403, surface)
      assert.match(await answer.text(), /read-only for rest/)
    }
  } finally {
    await strict.close()
  }
})

test('access: what is no input of an operation is told, member by member', async () => {
  const owner = { Authorization: `Bearer ${running.ownerKey}` }
  const apply = await post('apply', owner)
  assert.equal(apply.status, 400)
  assert.match(await apply.text(), /plan_id/)
  const look = await post('look', owner, '{"kind":"roads","serch":"x"}')
  assert.equal(look.status, 400)
  assert.match(await look.text(), /serch is no member of it; did you mean search\?.*\/kind/)
})

test('access: a body over the limit is refused before it is read', async () => {
  const owner = { Authorization: `Bearer ${running.ownerKey}` }
  assert.equal((await post('look', owner, `{"a":"${'x'.repeat(4 * 1024 * 1024)}"}`)).status, 413)
})

/** As a reverse proxy on this machine passes it on: the connection is local, the host is not. */
function proxied(
  to: Running,
  path: string,
  host: string,
  method = 'GET',
  headers: http.OutgoingHttpHeaders = {},
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(to.surface)
    const request = http.request(
      { host: hostname, port, path, method, headers: { Host: host, ...headers } },
      (response) => {
        response.resume()
        resolve(response)
      },
    )
    request.on('error', reject).end(method === 'GET' ? undefined : '{}')
  })
}

test('access: behind a reverse proxy nobody is taken for a program of this machine, on any surface', async () => {
  const shown = await run(
    "  listen: '127.0.0.1:0'\n  public_url: https://gateway.example\n  tokens: [{ name: reader, key_env: ACCESS_READER, scopes: [read] }]",
  )
  try {
    for (const [method, path] of [
      ['GET', '/apisix/admin/routes'],
      ['GET', '/apisix/admin/routes/1'],
      ['PUT', '/apisix/admin/routes/1'],
      ['POST', '/mcp'],
      ['POST', '/v1/operations/look'],
      ['GET', '/v1/plans'],
      ['GET', '/v1/chats'],
      ['GET', '/v1/console/state'],
    ] as const) {
      const { statusCode } = await proxied(shown, path, 'gateway.example', method)
      assert.ok(statusCode === 401 || statusCode === 403, `${method} ${path}: ${statusCode}`)
    }
    const reader = { Authorization: 'Bearer reader-token-0123456789' }
    assert.equal((await proxied(shown, '/apisix/admin/routes', 'gateway.example', 'GET', reader)).statusCode, 200)
    assert.equal((await proxied(shown, '/apisix/admin/routes/1', 'gateway.example', 'PUT', reader)).statusCode, 401)
    assert.equal((await proxied(shown, '/apisix/admin/routes', 'evil.example', 'GET', reader)).statusCode, 403)
  } finally {
    await shown.close()
  }
})

test('access: who comes through a route that leads here is no program of this machine', async () => {
  const { host } = new URL(running.surface)
  assert.equal((await proxied(running, '/apisix/admin/routes', host)).statusCode, 200)
  for (const name of ['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'Via'])
    for (const [method, path] of [
      ['GET', '/apisix/admin/routes'],
      ['PUT', '/apisix/admin/routes/1'],
      ['POST', '/mcp'],
    ] as const) {
      const { statusCode } = await proxied(running, path, host, method, { [name]: '203.0.113.7' })
      assert.equal(statusCode, 401, `${method} ${path} with ${name}`)
    }
})

test("access: the owner's session is closed to scripts, other sites and clear text; pages cannot be framed", async () => {
  const shown = await run(
    "  listen: '127.0.0.1:0'\n  public_url: https://gateway.example\n  tokens: [{ name: reader, key_env: ACCESS_READER, scopes: [read] }]",
  )
  try {
    const ticket = async (): Promise<string> => String((await shown.owner('POST', '/v1/tickets')).body.ticket)
    const once = `/?ticket=${await ticket()}`
    const first = await proxied(shown, once, 'gateway.example')
    const cookie = String(first.headers['set-cookie'])
    for (const flag of [/HttpOnly/i, /SameSite=Strict/i, /Secure/i, /Path=\//i]) assert.match(cookie, flag)
    const again = await proxied(shown, once, 'gateway.example')
    assert.equal(again.statusCode, 403)
    assert.equal(again.headers['set-cookie'], undefined)
    const owner = await proxied(shown, once, 'gateway.example', 'GET', { Cookie: cookie.split(';')[0] as string })
    assert.deepEqual([owner.statusCode, owner.headers.location], [302, '/'], 'the owner clicks it once more')
    // A session that somebody has set before is no session afterwards: a new one is made.
    const other = await proxied(shown, `/?ticket=${await ticket()}`, 'localhost', 'GET', {
      Cookie: `${cookie.split('=')[0]}=mine`,
    })
    assert.doesNotMatch(String(other.headers['set-cookie']), /=mine|Secure/)
    for (const path of ['/', '/approve/plan-00000000'])
      assert.match(
        String((await proxied(shown, path, 'localhost')).headers['content-security-policy']),
        /frame-ancestors 'none'/,
      )
    const session = cookie.split(';')[0] as string
    for (const origin of ['https://evil.example', 'http://localhost:3000', 'null']) {
      const headers = { Cookie: session, Origin: origin, 'Content-Type': 'text/plain' }
      assert.equal((await proxied(shown, '/v1/plans/plan-1', 'localhost', 'POST', headers)).statusCode, 403, origin)
      assert.equal((await proxied(shown, '/v1/operations/undo', 'localhost', 'POST', headers)).statusCode, 403, origin)
    }
  } finally {
    await shown.close()
  }
})

test('access: a name below localhost is this machine, for a session that no other port is sent; others are not', async () => {
  assert.equal((await proxied(running, '/apisix/admin/routes', 'gateward.localhost:5000')).statusCode, 200)
  for (const host of ['localhost.evil.example', 'evil.example', 'x.localhost.evil.example', 'localhostx'])
    assert.equal((await proxied(running, '/apisix/admin/routes', host)).statusCode, 403, host)
})

test('access: no surface reads more than its limit, however the body is sent', async () => {
  for (const [path, method, limit] of [
    ['/mcp', 'POST', 4 * 1024 * 1024],
    ['/apisix/admin/routes', 'POST', 1024 * 1024],
  ] as const) {
    const body = new ReadableStream({
      pull(controller) {
        controller.enqueue(new TextEncoder().encode('x'.repeat(256 * 1024)))
        sent += 256 * 1024
        if (sent > 64 * 1024 * 1024) controller.close()
      },
    })
    let sent = 0
    const status = await fetch(running.surface + path, {
      method,
      body,
      duplex: 'half',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    } as RequestInit).then(
      (response) => response.status,
      () => 413, // cut while it was sent
    )
    assert.equal(status, 413, path)
    assert.ok(sent < limit + 16 * 1024 * 1024, `${path}: ${sent} bytes`)
  }
})

test('access: calls have a share of each minute on every surface', async () => {
  const statuses = new Set<number>()
  // A minute may end in between, so that up to two shares pass.
  for (let i = 0; i < 1300 && !statuses.has(429); i++)
    statuses.add((await fetch(`${running.surface}/apisix/admin/routes`)).status)
  assert.deepEqual([...statuses], [200, 429])
})
