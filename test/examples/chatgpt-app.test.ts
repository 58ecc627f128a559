// The package of the ChatGPT app within the limits of its format, and a skill that names only tools that there are.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { operations } from '../../src/operations/index.ts'

const DIRECTORY = new URL('../../examples/chatgpt-app/', import.meta.url).pathname
const read = (name: string): string => readFileSync(join(DIRECTORY, name), 'utf8')

test('chatgpt app: plugin.json keeps to the limits', () => {
  const plugin = JSON.parse(read('plugin.json'))
  assert.match(plugin.name, /^[a-z0-9-]{1,64}$/)
  assert.equal(plugin.version, JSON.parse(readFileSync(join(DIRECTORY, '../../package.json'), 'utf8')).version)
  assert.ok(plugin.description.length <= 4000)
  const face = plugin.extensions['com.openai.interface']
  for (const [name, limit] of [
    ['displayName', 30],
    ['shortDescription', 30],
    ['longDescription', 4000],
    ['developerName', 80],
  ] as const)
    assert.ok(face[name].length <= limit, name)
  assert.ok(face.defaultPrompt.length <= 3)
  for (const prompt of face.defaultPrompt) assert.ok(prompt.length <= 128, prompt)
  assert.ok(existsSync(join(DIRECTORY, face.logo)))
})

test('chatgpt app: mcp.json names a streamable server by https', () => {
  const { mcpServers } = JSON.parse(read('mcp.json'))
  assert.equal(mcpServers.gateward.type, 'streamable-http')
  assert.match(mcpServers.gateward.url, /^https:\/\/.*\/mcp$/)
})

test('chatgpt app: the skill has its head, and the tools that it names exist', () => {
  const skill = read('skills/gateward/SKILL.md')
  assert.match(skill, /^---\nname: gateward\ndescription: .{40,1024}\n---\n/)
  const known = [
    ...operations.map((one) => one.name),
    'intents',
    'changes',
    'openapi',
    'fixes',
    'plan_id',
    'confirm_seconds',
    '***',
  ]
  for (const [, name] of skill.matchAll(/`([^`\n]+)`/g)) assert.ok(known.includes(name as string), String(name))
})
