// What is wrong with a store is seen by who looks: the Admin API tells it with its answers, `look` with its own.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { renderAnswer } from '../../src/cli/tables.ts'
import { until } from '../until.ts'
import { type GatewayForTest, gatewayForTest } from './gateway-for-test.ts'

const directory = mkdtempSync(join(tmpdir(), 'gateward-trouble-'))
const file = join(directory, 'apisix.yaml')
const write = (routes: string): void => writeFileSync(file, `routes:\n${routes}#END\n`)
let gateway: GatewayForTest
before(async () => {
  write('  - {id: good, uri: /good}\n  - {id: bad, uri: 5}\n')
  gateway = await gatewayForTest(undefined, ['--store', `yaml:${file}`])
})
after(async () => {
  await gateway.close()
  rmSync(directory, { recursive: true })
})

async function untilLookSays(trouble: RegExp | undefined): Promise<void> {
  let seen: string | undefined
  await until(
    async () => {
      seen = (await gateway.run('look', { kind: 'routes' })).trouble as string | undefined
      return trouble ? seen !== undefined && trouble.test(seen) : seen === undefined
    },
    () => `look still says ${seen}`,
  )
}

test('look says what is wrong with the store, until it is right', async () => {
  const one = await gateway.run('look', { kind: 'routes', id: 'good' })
  assert.match(String(one.trouble), /^1 resource of the store cannot be served as it stands there: routes\/bad: .*uri/)
  const { findings } = (await gateway.run('lint', {})) as { findings: { id: string; problem: string }[] }
  assert.deepEqual([findings[0]?.id, findings[0]?.problem], ['store-trouble:target', one.trouble])
  const terminal = { columns: 300, paint: (_: string, text: string) => text } as unknown as Parameters<
    typeof renderAnswer
  >[2]
  const table = renderAnswer('look', await gateway.run('look', {}), terminal)
  assert.match(table, /\n {2}good .*\n {2}! 1 resource of the store cannot be served/)
  writeFileSync(file, 'routes: 7\n#END\n')
  await untilLookSays(/routes: found no list.*the last good content is served/)
  write('  - {id: good, uri: /good, desc: "ä"}\n  - {id: "bäd", uri: [1]}\n')
  await untilLookSays(/routes\/b\?d/)
  write('  - {id: good, uri: /good}\n')
  await untilLookSays(undefined)
})
