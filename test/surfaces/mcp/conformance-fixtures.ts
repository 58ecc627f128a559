// The tools, resources and prompts that the conformance suite names in its requirements, with the answers that it wants.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CallToolResult,
  completable,
  fromJsonSchema,
  type GetPromptResult,
  type JsonSchemaType,
  type McpServer,
  ResourceTemplate,
} from '@modelcontextprotocol/server'
import { z } from 'zod'

/** One red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** A WAV file without a sample. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA='
const STEP_MS = 50

const IMAGE = { type: 'image' as const, data: PNG, mimeType: 'image/png' }

const CONTENT: Readonly<Record<string, CallToolResult['content']>> = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [IMAGE],
  test_audio_content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }],
  test_embedded_resource: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    IMAGE,
    embedded('test://mixed-content-resource', 'application/json', JSON.stringify({ test: 'data', value: 123 })),
  ],
}

/** With the words of JSON Schema 2020-12 that a server must pass on as they are. */
const SCHEMA_2020_12: JsonSchemaType = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

/** Its argument comes in the header `Mcp-Param-Region` too, and both must say the same. */
const REGION: object = { type: 'string', 'x-mcp-header': 'Region' }
const WITH_HEADER: JsonSchemaType = { type: 'object', properties: { region: REGION } }

export function registerTools(server: McpServer): void {
  for (const [name, content] of Object.entries(CONTENT))
    server.registerTool(name, { description: `Answers ${name}` }, () => ({ content }))
  server.registerTool('test_error_handling', { description: 'Fails' }, () => {
    throw new Error('This tool intentionally returns an error for testing')
  })
  server.registerTool('test_tool_with_progress', { description: 'Tells how far it is' }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        })
      await sleep(STEP_MS)
    }
    return { content: [text('done')] }
  })
  const schema2020 = fromJsonSchema(SCHEMA_2020_12)
  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Has a rich schema', inputSchema: schema2020 },
    () => ({
      content: [text('valid')],
    }),
  )
  const withHeader = fromJsonSchema<{ region?: string }>(WITH_HEADER)
  server.registerTool(
    'test_region',
    { description: 'Mirrored in a header', inputSchema: withHeader },
    ({ region }) => ({
      content: [text(`region ${region}`)],
    }),
  )
  server.registerTool('test_logging_tool', { description: 'Would log, were it offered' }, async (ctx) => {
    const sent = await ctx.mcpReq.log('info', 'working').then(
      () => true,
      () => false,
    )
    return { content: [text(`sent: ${sent}`)] }
  })
}

export function registerResources(server: McpServer): void {
  const textual = { description: 'A text', mimeType: 'text/plain' }
  server.registerResource('static-text', 'test://static-text', textual, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'text/plain', text: 'This is the content of the static text resource.' }],
  }))
  const binary = { description: 'A picture', mimeType: 'image/png' }
  server.registerResource('static-binary', 'test://static-binary', binary, ({ href: uri }) => ({
    contents: [{ uri, mimeType: 'image/png', blob: PNG }],
  }))
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined })
  const json = { description: 'Data by id', mimeType: 'application/json' }
  server.registerResource('template', template, json, ({ href: uri }, { id }) => {
    const value = { id, templateTest: true, data: `Data for ID: ${id}` }
    return { contents: [{ uri, mimeType: 'application/json', text: JSON.stringify(value) }] }
  })
}

export function registerPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () =>
    says(text('This is a simple prompt for testing.')),
  )
  const words = ['paris', 'park', 'party']
  const argument = z.string().describe('A test argument')
  const argsSchema = z.object({
    arg1: completable(argument, (start) => words.filter((word) => word.startsWith(start))),
    arg2: argument,
  })
  server.registerPrompt('test_prompt_with_arguments', { description: 'Has arguments', argsSchema }, ({ arg1, arg2 }) =>
    says(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Embeds a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      says(
        embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'Shows a picture' }, () =>
    says(IMAGE, text('Please analyze the image above.')),
  )
}

type Content = GetPromptResult['messages'][number]['content']

function says(...contents: Content[]): GetPromptResult {
  return { messages: contents.map((content) => ({ role: 'user', content })) }
}

function text(value: string): { type: 'text'; text: string } {
  return { type: 'text', text: value }
}

function embedded(uri: string, mimeType: string, value: string): Content & { type: 'resource' } {
  return { type: 'resource', resource: { uri, mimeType, text: value } }
}
