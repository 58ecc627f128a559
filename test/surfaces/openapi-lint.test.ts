// The OpenAPI documents that are served, through Redocly's linter: no error, and no warning but those that are meant.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createConfig, lintFromString } from '@redocly/openapi-core'
import { operations } from '../../src/operations/index.ts'
import { actionsDocument } from '../../src/surfaces/openai/actions.ts'
import { openapi } from '../../src/surfaces/openai/document.ts'

/** What the documents do on purpose. */
const MEANT: Record<string, string> = {
  'security-defined': 'the plugin of 2023 has no authentication on this machine (auth none)',
}

async function lint(document: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] })
  const problems = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'document.json', config })
  return problems
    .filter((one) => !(one.ruleId in MEANT))
    .map((one) => `${one.severity} ${one.ruleId}: ${one.message} ${one.location[0]?.pointer ?? ''}`)
}

test('redocly: the document of GPT actions', async () => {
  assert.deepEqual(await lint(actionsDocument(operations, 'https://gateway.example.org', '1.0.0')), [])
})

test('redocly: the document of the 2023 plugin', async () => {
  assert.deepEqual(await lint(openapi('https://gateway.example.org')), [])
})
