import assert from 'node:assert'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { SqliteStore } from '../../src/store/sqlite.ts'
import { storeSuite } from './suite.ts'

const WRITER = fileURLToPath(new URL('./sqlite-writer.ts', import.meta.url))

function temporaryFile(context: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-store-'))
  context.after(() => rmSync(directory, { recursive: true, force: true }))
  return join(directory, 'data', 'gateward.db')
}

storeSuite('sqlite', async (context) => new SqliteStore(temporaryFile(context)))

test('sqlite: entries, revisions and the rest of their lives outlast a restart', async (context) => {
  const file = temporaryFile(context)
  const first = new SqliteStore(file)
  for (const one of [file, `${file}-wal`]) assert.equal(statSync(one).mode & 0o777, 0o600, one)
  await first.commit([{ type: 'put', key: 'routes/1', text: '{"a":1}' }])
  await first.commit([{ type: 'put', key: 'routes/short', text: '{}', ttlSeconds: 1 }])
  const entry = await first.get('routes/1')
  const revision = first.revision()
  await first.close()
  const second = new SqliteStore(file)
  assert.deepEqual(await second.get('routes/1'), entry)
  assert.equal(second.revision(), revision)
  const expired = await new Promise((resolve) =>
    second.watch(revision, { onCommit: resolve, onReset: () => resolve('reset') }),
  )
  assert.deepEqual(expired, { revision: revision + 1, changes: [{ key: 'routes/short', entry: undefined }] })
  await second.close()
})

test('sqlite: the revision is the same after a restart, whatever was written last', async (context) => {
  const file = temporaryFile(context)
  const put = (key: string) => ({ type: 'put' as const, key, text: '{}' })
  const drop = (key: string) => ({ type: 'delete' as const, key })
  const batches = [
    [put('routes/1'), put('routes/2')],
    [drop('routes/2')],
    [put('routes/1')],
    [drop('routes/1'), put('routes/3')],
    [drop('routes/3')],
    [drop('routes/3')], // changes nothing
  ]
  for (const [i, batch] of batches.entries()) {
    const store = new SqliteStore(file)
    assert.equal(store.revision(), i)
    await store.commit(batch)
    await store.close()
  }
  const store = new SqliteStore(file)
  assert.equal(store.revision(), 5)
  await store.close()
})

test('sqlite: the log has its size before the first write, and nothing of that is in the store', async (context) => {
  const file = temporaryFile(context)
  const store = new SqliteStore(file)
  const size = (): number => statSync(`${file}-wal`).size
  const before = size()
  assert.ok(before > 4_000_000, `the log has ${before} bytes`)
  for (let i = 0; i < 300; i++) await store.commit([{ type: 'put', key: `routes/${i}`, text: '{}' }])
  assert.equal(size(), before)
  await store.close()
  assert.ok(statSync(file).size < 200_000, `the file has ${statSync(file).size} bytes`)
  const database = new DatabaseSync(file)
  context.after(() => database.close())
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
  assert.deepEqual(
    tables.map(({ name }) => name),
    ['entries', 'state'],
  )
})

test('sqlite: without room for the log the store opens and writes', async (context) => {
  const file = temporaryFile(context)
  const writer = `
    const { SqliteStore } = await import(${JSON.stringify(new URL('../../src/store/sqlite.ts', import.meta.url).href)})
    const store = new SqliteStore(process.argv[1])
    await store.commit([{ type: 'put', key: 'routes/1', text: '{"a":1}' }])
    await store.close()`
  // 512 blocks are 256 or 512 KiB: the limit of a file stands for a full disk.
  const run = spawnSync('sh', ['-c', 'ulimit -f 512; exec "$0" "$@"', process.execPath, '-e', writer, file], {
    encoding: 'utf8',
  })
  assert.equal(run.status, 0, run.stderr)
  const store = new SqliteStore(file)
  context.after(() => store.close())
  assert.equal((await store.get('routes/1'))?.text, '{"a":1}')
})

test('sqlite: an old watcher after a restart is told to list again', async (context) => {
  const file = temporaryFile(context)
  const first = new SqliteStore(file)
  await first.commit([{ type: 'put', key: 'routes/1', text: '{}' }])
  await first.close()
  const second = new SqliteStore(file)
  await new Promise<void>((resolve, reject) => {
    second.watch(0, { onCommit: () => reject(new Error('a commit that is not kept')), onReset: resolve })
  })
  await second.close()
})

test('sqlite: a commit that cannot be written takes none of those down that came with it', async (context) => {
  const file = temporaryFile(context)
  await new SqliteStore(file).close()
  const database = new DatabaseSync(file)
  database.exec(`CREATE TRIGGER no_room BEFORE INSERT ON entries WHEN NEW.key = 'routes/bad'
    BEGIN SELECT RAISE(ABORT, 'no room'); END`)
  database.close()
  const store = new SqliteStore(file)
  context.after(() => store.close())
  const told: number[] = []
  store.watch(0, { onCommit: ({ revision }) => void told.push(revision), onReset: assert.fail })
  const commit = (name: string) => store.commit([{ type: 'put', key: `routes/${name}`, text: '{}' }])
  const [first, bad, last] = await Promise.allSettled([commit('first'), commit('bad'), commit('last')])
  assert.deepEqual(first, { status: 'fulfilled', value: { ok: true, revision: 1 } })
  assert.ok(bad?.status === 'rejected' && /no room/.test(bad.reason.message), JSON.stringify(bad))
  assert.deepEqual(last, { status: 'fulfilled', value: { ok: true, revision: 2 } })
  assert.deepEqual([store.revision(), told, (await store.list('')).total], [2, [1, 2], 2])
})

test('sqlite: what was committed before the close is written by it', async (context) => {
  const file = temporaryFile(context)
  const store = new SqliteStore(file)
  const committed = store.commit([{ type: 'put', key: 'routes/1', text: '{}' }])
  await store.close()
  assert.deepEqual(await committed, { ok: true, revision: 1 })
  const again = new SqliteStore(file)
  context.after(() => again.close())
  assert.equal((await again.get('routes/1'))?.text, '{}')
})

test('sqlite: kill -9 during writes loses nothing that was answered', { timeout: 60_000 }, async (context) => {
  const file = temporaryFile(context)
  const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  const answered: [number, number][] = []
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) {
    const [number, revision] = line.split(' ').map(Number) as [number, number]
    answered.push([number, revision])
    if (answered.length === 300) child.kill('SIGKILL')
  }
  await exited
  const store = new SqliteStore(file)
  for (const [number, revision] of answered) {
    const entries = await Promise.all(['a', 'b', 'c'].map((name) => store.get(`routes/${number}${name}`)))
    const entry = entries.find((candidate) => candidate?.modifiedIndex === revision)
    assert.equal(entry?.text, `{"n":${number}}`)
  }
  const page = await store.list('')
  assert.equal(page.total, store.revision())
  await store.close()
})

test('sqlite: a second process on the same directory is refused with one line, until the first one has gone', {
  timeout: 60_000,
}, async (context) => {
  const file = temporaryFile(context)
  const child = spawn(process.execPath, [WRITER, file], { stdio: ['ignore', 'pipe', 'inherit'] })
  context.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(
    () => new SqliteStore(file),
    (error: Error & { reason?: string }) => {
      assert.equal(error.reason, 'locked')
      assert.match(error.message, /^the data directory \S+\/data is in use by another gateward: stop that one or /)
      return true
    },
  )
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
  await new SqliteStore(file).close()
})

test('sqlite: a damaged file is refused and left as it is', async (context) => {
  const file = temporaryFile(context)
  const store = new SqliteStore(file)
  for (let index = 0; index < 200; index += 1) {
    await store.commit([{ type: 'put', key: `routes/${index}`, text: 'x'.repeat(500) }])
  }
  await store.close()
  const bytes = readFileSync(file)
  bytes.fill(0xa5, 8192, 40_000)
  writeFileSync(file, bytes)
  assert.throws(() => new SqliteStore(file), {
    reason: 'corrupt',
    message: /restore it from a backup, or move it away/,
  })
  writeFileSync(file, 'not a database, but long enough to have a header of its own'.repeat(20))
  assert.throws(() => new SqliteStore(file), { reason: 'corrupt' })
  assert.match(readFileSync(file, 'utf8'), /^not a database/)
})

test('sqlite: a read-only file is refused', async (context) => {
  const file = temporaryFile(context)
  await new SqliteStore(file).close()
  chmodSync(file, 0o444)
  chmodSync(join(file, '..'), 0o555)
  chmodSync(join(file, '../..'), 0o755)
  const script = `
    import { SqliteStore } from ${JSON.stringify(new URL('../../src/store/sqlite.ts', import.meta.url))}
    try { new SqliteStore(${JSON.stringify(file)}); console.log('opened') } catch (error) { console.log(error.reason, error.message) }`
  // Permissions do not bind root, so a test that runs as root asks as nobody.
  const identity = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
  const result = spawnSync(process.execPath, ['--input-type=module', '-e', script], { ...identity, encoding: 'utf8' })
  chmodSync(join(file, '..'), 0o755)
  assert.match(result.stdout, /^read-only writing \S+gateward.db: .*give this user write permission on /, result.stderr)
})

test('sqlite: a data directory that cannot be is one clear error', async (context) => {
  const file = temporaryFile(context)
  await new SqliteStore(file).close()
  assert.throws(() => new SqliteStore(join(file, 'below', 'gateward.db')), {
    reason: 'unavailable',
    message: /^creating the data directory .* set GATEWARD_DATA_DIR to a directory that this user may write$/,
  })
})

test('sqlite: a closed store answers that it is closed', async (context) => {
  const store = new SqliteStore(temporaryFile(context))
  await store.close()
  await store.close()
  await assert.rejects(store.get('routes/1'), { reason: 'unavailable' })
  await assert.rejects(store.commit([{ type: 'put', key: 'routes/1', text: '{}' }]), { reason: 'unavailable' })
})
