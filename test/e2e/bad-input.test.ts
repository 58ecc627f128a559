import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { admin, freePort, type Running, run, start } from './process.ts'

const oneLine = (text: string): void => assert.equal(text.trim().split('\n').length, 1, text)

test('an unknown setting is refused with the nearest name', async () => {
  const flag = await run(['start', '--gateway-htp', '127.0.0.1:1'])
  assert.equal(flag.code, 2)
  oneLine(flag.stderr)
  assert.match(flag.stderr, /gateway-http/)
  const environment = await run(['start'], {
    GATEWARD_THREDS: '2',
    GATEWARD_DATA_DIR: mkdtempSync(join(tmpdir(), 'gw-')),
  })
  assert.equal(environment.code, 2)
  assert.match(environment.stderr, /GATEWARD_THREADS/)
})

test('a taken port is one clear line', async () => {
  const blocker = createServer()
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve))
  const taken = `127.0.0.1:${(blocker.address() as { port: number }).port}`
  const directory = mkdtempSync(join(tmpdir(), 'gw-'))
  const rest = {
    GATEWARD_DATA_DIR: directory,
    GATEWARD_METRICS_LISTEN: 'off',
    GATEWARD_CONTROL_LISTEN: 'off',
    GATEWARD_SURFACE_LISTEN: 'off',
    GATEWARD_GATEWAY_HTTPS: '127.0.0.1:0',
  }
  for (const name of ['GATEWARD_GATEWAY_HTTP', 'GATEWARD_ADMIN_LISTEN']) {
    const env = {
      ...rest,
      GATEWARD_GATEWAY_HTTP: `127.0.0.1:${await freePort()}`,
      GATEWARD_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
      [name]: taken,
    }
    const { code, stderr } = await run(['start'], env)
    assert.equal(code, 1)
    oneLine(stderr)
    assert.match(stderr, new RegExp(`${taken} is taken`))
  }
  blocker.close()
})

test('a corrupt data file and a data directory that is none are said in one line', async () => {
  const corrupt = mkdtempSync(join(tmpdir(), 'gw-'))
  writeFileSync(
    join(corrupt, 'gateward.db'),
    'this is no database, but long enough to look like a file of one '.repeat(100),
  )
  const file = join(mkdtempSync(join(tmpdir(), 'gw-')), 'file')
  writeFileSync(file, '')
  chmodSync(file, 0o400)
  for (const directory of [corrupt, file]) {
    const { code, stderr } = await run(['start'], { GATEWARD_DATA_DIR: directory })
    assert.equal(code, 1, stderr)
    oneLine(stderr)
    assert.ok(stderr.includes(directory), stderr)
  }
})

test('a second start on the same data is refused, the first goes on', async () => {
  const running = await start()
  const { code, stderr } = await run(['start'], {
    ...running.env,
    GATEWARD_GATEWAY_HTTP: `127.0.0.1:${await freePort()}`,
    GATEWARD_ADMIN_LISTEN: `127.0.0.1:${await freePort()}`,
  })
  assert.equal(code, 1)
  oneLine(stderr)
  assert.ok(stderr.includes(running.directory), stderr)
  assert.equal((await admin(running, 'GET', '/routes')).status, 200)
  assert.equal(await running.stop(), 0)
})

test('malformed JSON and an invalid route are 400 with what, where and why', async () => {
  const running = await start()
  const malformed = await fetch(`${running.admin}/routes/1`, {
    method: 'PUT',
    headers: { 'X-API-KEY': running.key },
    body: '{"uri": ',
  })
  assert.equal(malformed.status, 400)
  const invalid = await admin(running, 'PUT', '/routes/1', { uri: 5, upstream: { nodes: { a: 'b' } } })
  assert.equal(invalid.status, 400)
  assert.match(String(invalid.body.error_msg), /property "(uri|upstream)" validation failed/)
  assert.equal((await admin(running, 'GET', '/routes/1')).status, 404)
  await running.stop()
})

test('an upstream that cannot be reached is 502, one that is silent is 504', async () => {
  const running = await start()
  const silent = createServer((socket) => socket.on('error', () => {}))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const port = (silent.address() as { port: number }).port
  await admin(running, 'PUT', '/routes/dead', { uri: '/dead', upstream: { nodes: { '127.0.0.1:1': 1 } } })
  await admin(running, 'PUT', '/routes/slow', {
    uri: '/slow',
    upstream: { nodes: { [`127.0.0.1:${port}`]: 1 }, timeout: { connect: 1, send: 1, read: 0.3 } },
  })
  await admin(running, 'PUT', '/routes/none', { uri: '/none', plugins: {} })
  const statuses = await Promise.all(
    ['/dead', '/slow', '/none', '/unknown'].map(async (path) => (await fetch(running.gateway + path)).status),
  )
  assert.deepEqual(statuses, [502, 504, 503, 404])
  silent.close()
  await running.stop()
})

test('kill -9 during writes loses nothing that was answered', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'gw-'))
  const first = await start({ directory })
  const answered: string[] = []
  let writing = true
  const writer = (async () => {
    for (let i = 0; writing; i++) {
      try {
        const { status } = await admin(first, 'PUT', `/routes/r${i}`, {
          uri: `/r${i}`,
          upstream: { nodes: { '127.0.0.1:1': 1 } },
        })
        if (status === 201) answered.push(`r${i}`)
      } catch {
        return // the process is gone
      }
      if (i === 120) first.child.kill('SIGKILL')
    }
  })()
  await new Promise((resolve) => first.child.once('exit', resolve))
  writing = false
  await writer
  const second: Running = await start({ directory })
  const { body } = await admin(second, 'GET', '/routes')
  const kept = new Set((body.list as { value: { id: string } }[]).map((one) => one.value.id))
  assert.ok(answered.length > 100)
  assert.deepEqual(
    answered.filter((id) => !kept.has(id)),
    [],
  )
  assert.equal((await fetch(`${second.gateway}/${answered[0]}`)).status, 502, 'what was kept is served again')
  await second.stop()
})

test('an older Node is told so in one line', async () => {
  const source = new URL('../../bin/gateward.js', import.meta.url)
  const { readFileSync } = await import('node:fs')
  const text = readFileSync(source, 'utf8')
  // The check itself, with an old version put in its place: no older Node is at hand everywhere.
  const old = join(mkdtempSync(join(tmpdir(), 'gw-')), 'old.mjs')
  writeFileSync(
    old,
    text
      .replace("process.versions.node.split('.')", "'20.20.2'.split('.')")
      .replaceAll(/\$\{process\.versions\.node\}/g, '20.20.2'),
  )
  const { spawnSync } = await import('node:child_process')
  const { status, stderr } = spawnSync(process.execPath, [old], { encoding: 'utf8' })
  assert.equal(status, 1)
  oneLine(stderr)
  assert.match(stderr, /needs Node 24\.9 or newer, this is 20\.20\.2/)
})
