// The OpenAPI document for GPT Actions: one path per operation under `/v1/operations`, from the operations themselves. Preview (`plan`) and `apply`
// are separate, so that ChatGPT can ask before the second; that question is ChatGPT's own and counts for nothing here: the owner approves.
import type { Operation } from '../../operations/contract.ts'
import { LICENSE } from './document.ts'

/** What the GPT builder accepts of a summary or description. */
const MAX_OPERATION_TEXT_CHARS = 300

export function actionsDocument(operations: readonly Operation[], origin: string, version: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gateward',
      version,
      description: 'Operates an API gateway: look, plan, apply, prove, undo.',
      license: LICENSE,
    },
    servers: [{ url: origin }],
    security: [{ token: [] }],
    paths: Object.fromEntries(operations.map((one) => [`/v1/operations/${one.name}`, { post: toPost(one) }])),
    components: { schemas: {}, securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

function toPost(operation: Operation): object {
  const answer = { 'application/json': { schema: operation.output } }
  const failure = { 'application/json': { schema: { type: 'object', properties: { error: { type: 'string' } } } } }
  return {
    operationId: operation.name,
    summary: operation.title,
    description: operation.summary.slice(0, MAX_OPERATION_TEXT_CHARS),
    'x-openai-isConsequential': operation.effect === 'write',
    requestBody: { required: true, content: { 'application/json': { schema: operation.input } } },
    responses: {
      200: { description: 'What was found or done.', content: answer },
      400: { description: 'The input is not valid; details say why.', content: failure },
      403: { description: 'A person must approve the plan first; error says where.', content: failure },
    },
  }
}
