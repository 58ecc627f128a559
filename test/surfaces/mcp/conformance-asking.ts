// The suite's tools that ask the client for something before they answer: by an answer `input_required` in 2026-07-28, by requests on the stream of
// the session in 2025-11-25. The same code for both, as in the product.
import { randomBytes } from 'node:crypto'
import {
  acceptedContent,
  type CallToolResult,
  createRequestStateCodec,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { capabilitiesOf } from '../../../src/surfaces/mcp/tools.ts'

interface State {
  step: number
}

type Schema = Extract<Parameters<typeof inputRequired.elicit>[0]['requestedSchema'], { type: 'object' }>
type Answer = CallToolResult | InputRequiredResult

export function stateCodec(): RequestStateCodec<State> {
  return createRequestStateCodec<State>({ key: randomBytes(32), ttlSeconds: 60 })
}

export function registerAsking(server: McpServer, codec: RequestStateCodec<State>): void {
  const tool = (name: string, run: (ctx: ServerContext) => Answer | Promise<Answer>): void => {
    server.registerTool(name, { description: `Asks for ${name}` }, run)
  }
  const name = (message: string): InputRequest => form(message, { name: { type: 'string' } })

  tool('test_input_required_result_elicitation', (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_name', z.object({ name: z.string() }))
    return given ? says(`Hello, ${given.name}!`) : asks({ user_name: name('What is your name?') })
  })
  tool('test_input_required_result_sampling', (ctx) =>
    sampled(ctx, 'capital_question', 'What is the capital of France?', ''),
  )
  tool('test_input_required_result_list_roots', (ctx) => {
    const given = inputResponse(ctx.mcpReq.inputResponses, 'client_roots')
    return given.kind === 'roots'
      ? says(given.roots.map((root) => root.uri).join(' '))
      : asks({ client_roots: inputRequired.listRoots() })
  })
  for (const named of ['test_input_required_result_request_state', 'test_input_required_result_tampered_state'])
    tool(named, async (ctx) => {
      const given = acceptedContent(ctx.mcpReq.inputResponses, 'confirm')
      if (given && ctx.mcpReq.requestState<State>()?.step === 1) return says('state-ok')
      const confirm = form('Please confirm', { ok: { type: 'boolean' } })
      return asks({ confirm }, await codec.mint({ step: 1 }, ctx))
    })
  tool('test_input_required_result_multiple_inputs', async (ctx) => {
    const { inputResponses } = ctx.mcpReq
    const kinds = ['user_name', 'greeting', 'client_roots'].map((key) => inputResponse(inputResponses, key).kind)
    if (!kinds.includes('missing')) return says(`have ${kinds.join(', ')}`)
    const questions = {
      user_name: name('What is your name?'),
      greeting: sampling('Generate a greeting', 50),
      client_roots: inputRequired.listRoots(),
    }
    return asks(questions, await codec.mint({ step: 1 }, ctx))
  })
  tool('test_input_required_result_multi_round', async (ctx) => {
    const { inputResponses } = ctx.mcpReq
    const step = ctx.mcpReq.requestState<State>()?.step
    if (step === 2 && acceptedContent(inputResponses, 'step2')) return says('both steps are done')
    if (step === 1 && acceptedContent(inputResponses, 'step1')) {
      const step2 = form('Step 2: What is your favorite color?', { color: { type: 'string' } })
      return asks({ step2 }, await codec.mint({ step: 2 }, ctx))
    }
    return asks({ step1: name('Step 1: What is your name?') }, await codec.mint({ step: 1 }, ctx))
  })
  tool('test_input_required_result_capabilities', (ctx) => {
    const has = capabilitiesOf(server, ctx)
    return asks({
      ...(has?.elicitation ? { user_name: name('What is your name?') } : {}),
      ...(has?.sampling ? { greeting: sampling('Generate a greeting', 50) } : {}),
      ...(has?.roots ? { client_roots: inputRequired.listRoots() } : {}),
    })
  })
  tool('test_missing_capability', (ctx) => sampled(ctx, 'sampled', 'What is the capital of France?', ''))
  tool('test_streaming_elicitation', (ctx) => elicited(ctx, 'What is your name?', { name: { type: 'string' } }))
  tool('test_elicitation_sep1034_defaults', (ctx) => elicited(ctx, 'Please check', DEFAULTS))
  tool('test_elicitation_sep1330_enums', (ctx) => elicited(ctx, 'Please choose', ENUMS))
  server.registerTool(
    'test_elicitation',
    { description: 'Asks a person', inputSchema: z.object({ message: z.string() }) },
    ({ message }, ctx) =>
      elicited(ctx, message, {
        username: { type: 'string', description: "User's response" },
        email: { type: 'string', description: "User's email address" },
      }),
  )
  server.registerTool(
    'test_sampling',
    { description: 'Asks a model', inputSchema: z.object({ prompt: z.string() }) },
    ({ prompt }, ctx) => sampled(ctx, 'sampled', prompt, 'LLM response: '),
  )
  server.registerPrompt('test_input_required_result_prompt', { description: 'Asks first' }, (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, 'user_context', z.object({ context: z.string() }))
    const user_context = form('What context should the prompt use?', { context: { type: 'string' } })
    return given
      ? { messages: [{ role: 'user', content: { type: 'text', text: given.context } }] }
      : asks({ user_context })
  })
}

const DEFAULTS: Schema['properties'] = {
  name: { type: 'string', default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
}

const ENUMS: Schema['properties'] = {
  untitledSingle: { type: 'string', enum: ['option1', 'option2', 'option3'] },
  titledSingle: {
    type: 'string',
    oneOf: [
      { const: 'value1', title: 'First Option' },
      { const: 'value2', title: 'Second Option' },
      { const: 'value3', title: 'Third Option' },
    ],
  },
  legacyEnum: {
    type: 'string',
    enum: ['opt1', 'opt2', 'opt3'],
    enumNames: ['Option One', 'Option Two', 'Option Three'],
  },
  untitledMulti: { type: 'array', items: { type: 'string', enum: ['option1', 'option2', 'option3'] } },
  titledMulti: {
    type: 'array',
    items: {
      anyOf: [
        { const: 'value1', title: 'First Choice' },
        { const: 'value2', title: 'Second Choice' },
        { const: 'value3', title: 'Third Choice' },
      ],
    },
  },
}

function elicited(ctx: ServerContext, message: string, properties: Schema['properties']): Answer {
  const given = inputResponse(ctx.mcpReq.inputResponses, 'asked')
  if (given.kind !== 'elicit') return asks({ asked: form(message, properties) })
  return says(`User response: action=${given.action}, content=${JSON.stringify(given.content)}`)
}

function sampled(ctx: ServerContext, key: string, prompt: string, lead: string): Answer {
  const given = inputResponse(ctx.mcpReq.inputResponses, key)
  return given.kind === 'sampling'
    ? says(`${lead}${JSON.stringify(given.result.content)}`)
    : asks({ [key]: sampling(prompt, 100) })
}

function form(message: string, properties: Schema['properties']): InputRequest {
  const required = Object.keys(properties).filter((key) => !('default' in (properties[key] ?? {})))
  return inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } })
}

function sampling(prompt: string, maxTokens: number): InputRequest {
  return inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text: prompt } }],
    maxTokens,
  })
}

function asks(inputRequests: Record<string, InputRequest>, requestState?: string): InputRequiredResult {
  return inputRequired({ inputRequests, ...(requestState === undefined ? {} : { requestState }) })
}

function says(value: string): CallToolResult {
  return { content: [{ type: 'text', text: value }] }
}
