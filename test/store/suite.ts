// Every promise of src/store/contract.ts, run on every implementation that can be written to.

import assert from 'node:assert'
import { describe, type TestContext, test } from 'node:test'
import type { Commit, Store } from '../../src/store/contract.ts'

/** Opens an empty store; it is closed by the suite. */
export type OpenEmpty = (context: TestContext) => Promise<Store>

/** Collects commits and waits for a revision. */
function follow(store: Store, fromRevision: number) {
  const commits: Commit[] = []
  const wake = new Set<() => void>()
  let resets = 0
  const watcher = store.watch(fromRevision, {
    onCommit: (commit) => {
      commits.push(commit)
      for (const check of wake) check()
    },
    onReset: () => {
      resets += 1
      for (const check of wake) check()
    },
  })
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = () => {
        if (!condition()) return
        wake.delete(check)
        resolve()
      }
      wake.add(check)
      check()
    })
  return { commits, watcher, until, resets: () => resets }
}

async function put(store: Store, key: string, text = '{}'): Promise<number> {
  const result = await store.commit([{ type: 'put', key, text }])
  assert(result.ok)
  return result.revision
}

/** Declares the suite for one implementation. */
export function storeSuite(name: string, openEmpty: OpenEmpty, options: { skip?: string | false } = {}): void {
  const check = (title: string, run: (store: Store, context: TestContext) => Promise<void>) =>
    test(title, { ...options, timeout: 60_000 }, async (context) => {
      const store = await openEmpty(context)
      try {
        await run(store, context)
      } finally {
        await store.close()
      }
    })

  describe(`${name}: the store contract`, () => {
    check('a put is read back exactly, with its revisions', async (store) => {
      const text = '{"b":1, "a":"ä\\u0000\u{1f600}"}'
      const first = await put(store, 'routes/1', text)
      assert.deepEqual(await store.get('routes/1'), {
        key: 'routes/1',
        text,
        createdIndex: first,
        modifiedIndex: first,
      })
      const second = await put(store, 'routes/1', '{"a":2}')
      assert(second > first)
      const expected = { key: 'routes/1', text: '{"a":2}', createdIndex: first, modifiedIndex: second }
      assert.deepEqual(await store.get('routes/1'), expected)
      assert.equal(await store.get('routes/2'), undefined)
      assert.equal(store.revision(), second)
      assert.equal(store.trouble(), undefined)
    })

    check('a deleted key is gone, and a new one begins anew', async (store) => {
      const first = await put(store, 'routes/1')
      const deleted = await store.commit([{ type: 'delete', key: 'routes/1' }])
      assert(deleted.ok && deleted.revision > first)
      assert.equal(await store.get('routes/1'), undefined)
      const again = await put(store, 'routes/1')
      assert.equal((await store.get('routes/1'))?.createdIndex, again)
    })

    check('list gives the keys of a prefix in order, with the total', async (store) => {
      for (const key of ['routes/2', 'routes/10', 'routes/1', 'routesx/1', 'route', 'upstreams/1'])
        await put(store, key)
      const page = await store.list('routes/')
      assert.deepEqual(
        page.entries.map((entry) => entry.key),
        ['routes/1', 'routes/10', 'routes/2'],
      )
      assert.equal(page.total, 3)
      assert.equal(page.revision, store.revision())
      assert.deepEqual(await store.list('ssls/'), { entries: [], revision: store.revision(), total: 0 })
      assert.equal((await store.list('')).total, 6)
    })

    check('list goes on after the last key of the page before', async (store) => {
      const ids = Array.from({ length: 25 }, (_, index) => String(index).padStart(2, '0'))
      await Promise.all(ids.map((id) => put(store, `routes/${id}`)))
      await put(store, 'services/1')
      const seen: string[] = []
      let after: string | undefined
      for (;;) {
        const page = await store.list('routes/', { after, limit: 10 })
        assert.equal(page.total, 25)
        assert(page.entries.length <= 10)
        if (page.entries.length === 0) break
        seen.push(...page.entries.map((entry) => entry.key))
        after = seen.at(-1)
      }
      assert.deepEqual(
        seen,
        ids.map((id) => `routes/${id}`),
      )
      const skipped = await store.list('routes/', { skip: 20, limit: 3 })
      assert.deepEqual(
        [skipped.entries.map(({ key }) => key), skipped.total],
        [['routes/20', 'routes/21', 'routes/22'], 25],
      )
      const behind = await store.list('routes/', { after: 'routes/03', skip: 2, limit: 1 })
      assert.equal(behind.entries[0]?.key, 'routes/06')
      assert.deepEqual((await store.list('routes/', { skip: 30, limit: 3 })).entries, [])
      const fromRemovedKey = await store.list('routes/', { after: 'routes/105', limit: 1 })
      assert.equal(fromRemovedKey.entries[0]?.key, 'routes/11')
      const behindPrefix = await store.list('routes/1', { after: 'routes/1', limit: 1 })
      assert.equal(behindPrefix.entries[0]?.key, 'routes/10')
      await put(store, 'routes/1')
      const behindItself = await store.list('routes/1', { after: 'routes/1', limit: 1 })
      assert.equal(behindItself.entries[0]?.key, 'routes/10')
    })

    check('conditions: a wrong one is an answer that names it, and nothing is written', async (store) => {
      const first = await put(store, 'routes/1', '{"v":1}')
      const conflict = { key: 'routes/1', modifiedIndex: first + 1000 }
      const refused = await store.commit(
        [
          { type: 'put', key: 'routes/1', text: '{"v":2}' },
          { type: 'put', key: 'routes/2', text: '{}' },
        ],
        [{ key: 'routes/2', modifiedIndex: 0 }, conflict],
      )
      assert.deepEqual(refused, { ok: false, conflict, found: first })
      assert.equal((await store.get('routes/1'))?.text, '{"v":1}')
      assert.equal(await store.get('routes/2'), undefined)
      assert.equal(store.revision(), first)
      const absent = { key: 'routes/1', modifiedIndex: 0 }
      const exists = await store.commit([{ type: 'put', key: 'routes/1', text: '{}' }], [absent])
      assert.deepEqual(exists, { ok: false, conflict: absent, found: first })
      const right = await store.commit(
        [{ type: 'put', key: 'routes/1', text: '{"v":2}' }],
        [{ key: 'routes/1', modifiedIndex: first }],
      )
      assert(right.ok)
    })

    check('of many writers with the same condition one wins', async (store) => {
      const first = await put(store, 'routes/1')
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          store.commit(
            [{ type: 'put', key: 'routes/1', text: `{"writer":${index}}` }],
            [{ key: 'routes/1', modifiedIndex: first }],
          ),
        ),
      )
      assert.equal(results.filter((result) => result.ok).length, 1)
      const winner = results.findIndex((result) => result.ok)
      assert.equal((await store.get('routes/1'))?.text, `{"writer":${winner}}`)
    })

    check('a commit is one revision for all its operations, and a watcher sees it whole', async (store) => {
      await put(store, 'routes/old')
      const { commits, watcher, until } = follow(store, store.revision())
      const result = await store.commit([
        { type: 'put', key: 'routes/1', text: '{"a":1}' },
        { type: 'delete', key: 'routes/old' },
        { type: 'put', key: 'upstreams/1', text: '{}' },
      ])
      assert(result.ok)
      await until(() => commits.length > 0)
      watcher.close()
      const { revision } = result
      assert.equal(commits.length, 1)
      assert.equal(commits[0]?.revision, revision)
      const changes = new Map(commits[0]?.changes.map((change) => [change.key, change.entry]))
      assert.deepEqual([...changes.keys()].sort(), ['routes/1', 'routes/old', 'upstreams/1'])
      assert.equal(changes.get('routes/old'), undefined)
      assert.deepEqual(changes.get('routes/1'), {
        key: 'routes/1',
        text: '{"a":1}',
        createdIndex: revision,
        modifiedIndex: revision,
      })
    })

    check('parallel commits get revisions of their own; watchers see all of them in order', async (store) => {
      const { commits, watcher, until } = follow(store, store.revision())
      const revisions = await Promise.all(Array.from({ length: 50 }, (_, index) => put(store, `routes/${index}`)))
      assert.equal(new Set(revisions).size, 50)
      await until(() => commits.length === 50)
      watcher.close()
      const seen = commits.map((commit) => commit.revision)
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => a - b),
      )
      assert.deepEqual(new Set(seen), new Set(revisions))
    })

    check('a commit that resolved has been told to the watchers of this process', async (store) => {
      const { commits, watcher } = follow(store, store.revision())
      const revision = await put(store, 'routes/1')
      assert.equal(commits.at(-1)?.revision, revision)
      watcher.close()
    })

    check('watch begins after a revision of the past', async (store) => {
      const first = await put(store, 'routes/1')
      const second = await put(store, 'routes/2')
      const third = await put(store, 'routes/3')
      const { commits, watcher, until } = follow(store, first)
      await until(() => commits.length === 2)
      watcher.close()
      assert.deepEqual(
        commits.map((commit) => commit.revision),
        [second, third],
      )
    })

    check('watch tells to list again when the commits asked for are not kept', async (store) => {
      await put(store, 'routes/1')
      const { commits, until, resets } = follow(store, -1)
      await until(() => resets() === 1)
      await put(store, 'routes/2')
      assert.equal(resets(), 1)
      assert.equal(commits.length, 0)
    })

    check('a closed watcher hears nothing', async (store) => {
      const { commits, watcher } = follow(store, store.revision())
      watcher.close()
      await put(store, 'routes/1')
      assert.equal(commits.length, 0)
    })

    check('deleting what is not there is no commit', async (store) => {
      const before = await put(store, 'routes/1')
      const result = await store.commit([{ type: 'delete', key: 'routes/none' }])
      assert(result.ok)
      const { commits, watcher, until } = follow(store, before)
      const after = await put(store, 'routes/2')
      await until(() => commits.length > 0)
      watcher.close()
      assert.deepEqual(
        commits.map((commit) => commit.revision),
        [after],
      )
    })

    check('an entry with a time to live expires and watchers are told', async (store) => {
      const result = await store.commit([{ type: 'put', key: 'routes/1', text: '{}', ttlSeconds: 1 }])
      assert(result.ok)
      assert(await store.get('routes/1'))
      const { commits, watcher, until } = follow(store, result.revision)
      await until(() => commits.length > 0)
      watcher.close()
      assert.deepEqual(commits[0]?.changes, [{ key: 'routes/1', entry: undefined }])
      assert.equal(await store.get('routes/1'), undefined)
    })

    check('a later put without a time to live stays', async (store) => {
      await store.commit([
        { type: 'put', key: 'routes/1', text: '{}', ttlSeconds: 1 },
        { type: 'put', key: 'routes/2', text: '{}', ttlSeconds: 1 },
      ])
      const kept = await put(store, 'routes/1', '{"kept":true}')
      const { commits, watcher, until } = follow(store, kept)
      await until(() => commits.some((commit) => commit.changes.some((change) => change.key === 'routes/2')))
      watcher.close()
      assert.equal((await store.get('routes/1'))?.text, '{"kept":true}')
    })

    check('a commit without operations or with a key twice is a mistake of the caller', async (store) => {
      await assert.rejects(store.commit([]), { code: 'ERR_ASSERTION' })
      const twice = [
        { type: 'put', key: 'routes/1', text: '{}' },
        { type: 'delete', key: 'routes/1' },
      ] as const
      await assert.rejects(store.commit([...twice]), { code: 'ERR_ASSERTION' })
    })
  })
}
