// A second, independent MCP client: that of the Vercel AI SDK, whose tools a language model of the same kit calls. The model here is written down.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createMCPClient, type MCPClient } from '@ai-sdk/mcp'
import { generateText, stepCountIs } from 'ai'
import { MockLanguageModelV3 } from 'ai/test'
import { type Running, run } from '../running.ts'

const TOKEN = 'desk-token-0123456789'
Object.assign(process.env, { AI_SDK_DESK: TOKEN })

let running: Running
before(async () => {
  running = await run(`  listen: '127.0.0.1:0'
  tokens:
    - { name: desk, key_env: AI_SDK_DESK, scopes: [read, plan, apply, approve] }`)
})
after(() => running?.close())

function connect(capabilities = {}): Promise<MCPClient> {
  const headers = { Authorization: `Bearer ${TOKEN}` }
  return createMCPClient({ transport: { type: 'http', url: `${running.surface}/mcp`, headers }, capabilities })
}

const publish = (path: string) => ({ intents: [{ do: 'publish', path, url: running.api }] })

test('AI SDK: a person approves by elicitation, the gateway serves', async () => {
  const client = await connect({ elicitation: {} })
  const questions: string[] = []
  const { ElicitationRequestSchema } = await import('@ai-sdk/mcp')
  client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => {
    questions.push(params.message)
    return { action: 'accept', content: { approve: true } }
  })
  assert.equal((await client.listTools()).tools.length <= 14, true)
  const plan = (await client.callTool({ name: 'plan', arguments: publish('/topic/*') })).structuredContent as Record<
    string,
    string
  >
  const applied = await client.callTool({ name: 'apply', arguments: { plan_id: plan.plan_id } })
  assert.notEqual(applied.isError, true, JSON.stringify(applied.content))
  assert.equal(questions.length, 1)
  assert.ok(questions[0]?.includes(plan.diff as string), 'the person sees the diff')
  assert.equal((await fetch(`${running.gateway}/topic/1`)).status, 200)
  await client.close()
})

test('AI SDK: a model that calls apply by itself is refused, is told the way out, and goes on after the owner', async () => {
  const client = await connect()
  const steps: { tool: string; input: object }[] = [{ tool: 'plan', input: publish('/session/*') }]
  const heard: string[] = []
  const model = new MockLanguageModelV3({
    doGenerate: async ({ prompt }) => {
      const last = prompt.at(-1)
      if (last?.role === 'tool') heard.push(JSON.stringify(last.content))
      const planId = /plan_id\\*":\\*"([^"\\]+)/.exec(heard[0] ?? '')?.[1]
      if (heard.length === 1) steps.push({ tool: 'apply', input: { plan_id: planId } })
      const step = steps.shift()
      const usage = {
        inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
        outputTokens: { total: 1, text: 1, reasoning: 0 },
      }
      return step
        ? {
            content: [
              {
                type: 'tool-call',
                toolCallId: `c${heard.length}`,
                toolName: step.tool,
                input: JSON.stringify(step.input),
              },
            ],
            finishReason: { unified: 'tool-calls', raw: undefined },
            usage,
            warnings: [],
          }
        : {
            content: [{ type: 'text', text: 'done' }],
            finishReason: { unified: 'stop', raw: undefined },
            usage,
            warnings: [],
          }
    },
  })
  const tools = await client.tools()
  await generateText({ model, tools, prompt: 'Publish the sessions.', stopWhen: stepCountIs(4) })
  assert.equal(heard.length, 2)
  const planId = /plan_id\\*":\\*"([^"\\]+)/.exec(heard[0] ?? '')?.[1] as string
  assert.match(heard[1] ?? '', new RegExp(`gateward approve ${planId}`))
  assert.equal((await fetch(`${running.gateway}/session/1`)).status, 404)
  const digest = /digest\\*":\\*"([^"\\]+)/.exec(heard[0] ?? '')?.[1]
  assert.equal((await running.owner('POST', `/v1/plans/${planId}`, { digest, decision: 'approve' })).status, 200)
  const applied = await client.callTool({ name: 'apply', arguments: { plan_id: planId } })
  assert.notEqual(applied.isError, true, JSON.stringify(applied.content))
  assert.equal((await fetch(`${running.gateway}/session/1`)).status, 200)
  await client.close()
})
