// The official conformance suite, both sets of requirements, run in one process for each: against a server with the suite's fixtures behind our
// transport, and against the real server, where the scenarios count that need no fixtures.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { type Running, run } from '../running.ts'
import { NOT_OFFERED, REVISIONS, WITHOUT_FIXTURES } from './conformance-lists.ts'
import { serveFixtures } from './conformance-server.ts'

const SUITE = new URL('../../../node_modules/@modelcontextprotocol/conformance/', import.meta.url)

/** How the suite says of one check that it wants a fixture. */
const NEEDS_FIXTURE = 'Not testable: server does not list the diagnostic tool'

interface Check {
  id: string
  status: string
  errorMessage?: string
}

const directory = mkdtempSync(join(tmpdir(), 'gateward-conformance-'))
let product: Running
let fixtures: Awaited<ReturnType<typeof serveFixtures>>
before(async () => {
  product = await run()
  fixtures = await serveFixtures()
})
after(async () => {
  await product?.close()
  await fixtures?.close()
  rmSync(directory, { recursive: true })
})

for (const revision of REVISIONS) {
  const scenarios = scenariosOf(revision)

  test(`mcp conformance ${revision}: every scenario, with the suite's fixtures`, async (t) => {
    const found = await conform(fixtures.url, revision)
    assert.deepEqual([...found.keys()].sort(), [...scenarios].sort())
    for (const [scenario, failures] of found) {
      const reason = NOT_OFFERED[scenario]
      await t.test(`${scenario}${reason === undefined ? '' : ` (${reason})`}`, () => {
        if (reason === undefined) assert.deepEqual(failures, [])
        else assert.notEqual(failures.length, 0, `${scenario} passes: take it from NOT_OFFERED`)
      })
    }
  })

  test(`mcp conformance ${revision}: the real server, where no fixtures are needed`, async (t) => {
    const found = await conform(`${product.surface.replace('127.0.0.1', 'localhost')}/mcp`, revision)
    for (const scenario of scenarios.filter((one) => WITHOUT_FIXTURES.has(one)))
      await t.test(scenario, () => {
        const failures = found.get(scenario)?.filter((one) => !one.includes(NEEDS_FIXTURE))
        assert.deepEqual(failures, [])
      })
  })
}

test('mcp conformance: the lists name scenarios that there are', () => {
  const known = new Set(REVISIONS.flatMap(scenariosOf))
  for (const one of [...Object.keys(NOT_OFFERED), ...WITHOUT_FIXTURES]) assert(known.has(one), one)
})

/** The server scenarios that a revision requires, and those that it runs without counting them. */
function scenariosOf(revision: string): string[] {
  const set = parse(readFileSync(new URL(`requirements/${revision}.yaml`, SUITE), 'utf8')) as {
    server: string[]
    not_scored: { scenario: string; leg: string }[]
  }
  return [...set.server, ...set.not_scored.filter(({ leg }) => leg === 'server').map(({ scenario }) => scenario)]
}

/** Runs one set against a server: what failed, by scenario. */
async function conform(url: string, revision: string): Promise<Map<string, string[]>> {
  const output = mkdtempSync(join(directory, `${revision}-`))
  const program = fileURLToPath(new URL('dist/index.js', SUITE))
  const args = [program, 'server', '--url', url, '--requirements', revision, '--output-dir', output]
  // The exit code counts what does not apply to us too: what was found stands in the files.
  await new Promise((resolve) => execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, resolve))
  return new Map(
    readdirSync(output).map((name) => {
      const scenario = /^server-(.+)-\d{4}-\d\d-\d\dT/.exec(name)?.[1] ?? name
      const checks = JSON.parse(readFileSync(join(output, name, 'checks.json'), 'utf8')) as Check[]
      // A warning stands for a SHOULD of the specification.
      const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      return [scenario, failed.map(({ id, errorMessage }) => `${id}: ${errorMessage}`)]
    }),
  )
}
