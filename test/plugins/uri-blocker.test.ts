import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusal, startBench } from './harness.ts'

const bench = await startBench()
const status = async (target: string): Promise<number> => (await bench.send(target)).status

test('refuses what matches path or query as sent', async () => {
  bench.route({ 'uri-blocker': { block_rules: ['root.exe', '^/admin', '\\.php$', 'select.+(from|limit)'] } })
  for (const target of ['/root.exe?a=a', '/x?f=root.exe', '/admin/x', '/x.php', '/q?select%20*%20from'])
    assert.equal(await status(target), 403, target)
  for (const target of ['/x/admin', '/x.php?a=1', '/ROOT.EXE', '/ok']) assert.equal(await status(target), 200, target)
})

test('a rule is not got around by another spelling of the path', async () => {
  bench.route({ 'uri-blocker': { block_rules: ['^/admin', 'root.exe'] } })
  for (const target of ['/%61dmin/x', '//admin', '/x/../admin', '/%72oot.exe', '/x/%2e%2e/admin?a=b'])
    assert.equal(await status(target), 403, target)
  for (const target of ['/%6fk', '/x/../ok?a=/admin']) assert.equal(await status(target), 200, target)
})

test('no uri takes a rule long', async () => {
  bench.route({ 'uri-blocker': { block_rules: ['^/(a+)+$'], case_insensitive: true } })
  const startedAt = performance.now()
  assert.equal(await status(`/${'aA'.repeat(1000)}!`), 200)
  assert.ok(performance.now() - startedAt < 1000)
})

test('ignores case, answers with a status and a message', async () => {
  bench.route({
    'uri-blocker': { block_rules: ['root.exe'], case_insensitive: true, rejected_code: 404, rejected_msg: 'gone' },
  })
  const answer = await bench.send('/ROOT.EXE')
  assert.equal(answer.status, 404)
  assert.deepEqual(answer.json(), { error_msg: 'gone' })
})

test('refuses a broken rule', () => {
  assert.equal(
    refusal('uri-blocker', { block_rules: ['('] }),
    'pcre2_compile() failed: missing closing parenthesis in "("',
  )
  assert.equal(refusal('uri-blocker', {}), 'property "block_rules" is required')
})
