// The operations as MCP tools: names, hints and schemas come from the operations, a call goes to the operator, its answer comes back as
// structured content with the same JSON as text. No logic of its own beyond reading arguments that clients send as JSON text.
//
// Approval: a plan that waits is put to the person by the client's own elicitation, where the client has it and may carry approvals. The answer
// comes back with a signed state that names the plan and its digest, and is applied by plan; otherwise the tool says where the person approves.
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  type ClientCapabilities,
  fromJsonSchema,
  type Implementation,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type JsonSchemaType,
  type McpServer,
  type RequestStateCodec,
  type ServerContext,
  type StandardSchemaWithJSON,
  type ToolAnnotations,
} from '@modelcontextprotocol/server'
import { plainText } from '../../lib/text.ts'
import { coerce } from '../../operations/coerce.ts'
import { type ApprovalRequest, type Operation, OperationError } from '../../operations/contract.ts'
import { ApprovalNeeded, type Call, type Operator } from '../operator.ts'
import { TICKET, type Widget } from './widgets.ts'

/** What was put to the person. */
export interface AskedState {
  /** How: a form of the client, or the buttons of the plan's widget. An answer to one is none to the other. */
  by: 'form' | 'widget'
  planId: string
  digest: string
  /** Seconds of the trial that the person was told of. */
  trial?: number
}

export interface ToolDeps {
  operator: Operator
  codec: RequestStateCodec<AskedState>
  /** Whether an approval that comes back through this client counts. */
  mayApprove: boolean
  widgets: ReadonlyMap<string, Widget>
  /** Whether plans are given the ticket with which their widget decides. */
  decidesInWidget(ctx: ServerContext): boolean
}

/** Characters of an answer; a longer one is refused with advice, since a model could not use it. */
const MAX_ANSWER_CHARS = 60_000
/** Characters of a diff that a client's dialog shows; a longer plan is approved on the page. */
const MAX_DIALOG_CHARS = 8_000

interface InputSchema {
  required?: string[]
  properties?: Record<string, { default?: unknown }>
}

export interface ToolDefinition {
  operation: Operation
  input: StandardSchemaWithJSON
  output: StandardSchemaWithJSON
  annotations: ToolAnnotations
}

/** What is the same for every connection: made once, since schemas are compiled. */
export function defineTools(operations: readonly Operation[]): ToolDefinition[] {
  return operations.map((operation) => ({
    operation,
    input: readingText(toInput(operation)),
    output: fromJsonSchema(toOutput(operation)),
    annotations: toAnnotations(operation),
  }))
}

export function registerTool(server: McpServer, tool: ToolDefinition, deps: ToolDeps): void {
  const { operation } = tool
  const widget = deps.widgets.get(operation.name)
  server.registerTool(
    operation.name,
    {
      title: operation.title,
      description: operation.summary,
      inputSchema: tool.input,
      outputSchema: tool.output,
      annotations: tool.annotations,
      ...(widget ? { _meta: { ui: { resourceUri: widget.uri } } } : {}),
    },
    (input, ctx) => answer(operation, input, ctx, server, deps),
  )
}

/** A member with a default may be left out; one that no operation knows is refused, so that nothing is accepted and ignored. */
function toInput(operation: Operation): JsonSchemaType {
  const { required = [], properties = {}, ...rest } = operation.input as InputSchema
  const needed = required.filter((name) => properties[name]?.default === undefined)
  return { ...rest, properties, ...(needed.length ? { required: needed } : {}), additionalProperties: false }
}

/** The names that an answer always has: their types would cost a tenth of the whole list. The operation's own schema, with them, is in the tests. */
function toOutput(operation: Operation): JsonSchemaType {
  const { required = [] } = operation.output as InputSchema
  return { type: 'object', ...(required.length ? { required } : {}) }
}

/** `prove` reaches the APIs behind the gateway, by reading methods only. */
function toAnnotations({ name, effect }: Operation): ToolAnnotations {
  return {
    readOnlyHint: effect !== 'write',
    destructiveHint: effect === 'write',
    idempotentHint: effect === 'read',
    openWorldHint: name === 'prove',
  }
}

async function answer(
  operation: Operation,
  input: unknown,
  ctx: ServerContext,
  server: McpServer,
  deps: ToolDeps,
): Promise<CallToolResult | InputRequiredResult> {
  const subject = clientName(server, ctx)
  const call: Call = { subject, ask: undefined, progress: progressOf(ctx), signal: ctx.mcpReq.signal }
  try {
    const asked = operation.effect === 'write' && deps.mayApprove ? ctx.mcpReq.requestState<AskedState>() : undefined
    if (!asked) {
      const value = await deps.operator.run(operation.name, input, call)
      return operation.effect === 'plan' && deps.decidesInWidget(ctx)
        ? withTicket(toResult(value), value, ctx, deps.codec)
        : toResult(value)
    }
    const ask = async (request: ApprovalRequest): Promise<string | undefined> =>
      asked.by === 'form' && request.digest === asked.digest && isApproval(ctx) ? `person at ${subject}` : undefined
    // The repeated call brings its arguments again; what was asked, and is approved, is in the signed state alone.
    const { planId, trial } = asked
    const apply = { plan_id: planId, ...(trial === undefined ? {} : { confirm_seconds: trial }) }
    return toResult(await deps.operator.run('apply', apply, { ...call, ask }))
  } catch (error) {
    if (error instanceof ApprovalNeeded && deps.mayApprove && canElicit(server, ctx, error.request))
      return elicit(error.request, trialOf(operation, input), ctx, deps.codec)
    if (error instanceof OperationError) return toFailure(error)
    throw error
  }
}

function isApproval(ctx: ServerContext): boolean {
  const response = inputResponse(ctx.mcpReq.inputResponses, 'approval')
  return response.kind === 'elicit' && response.action === 'accept' && response.content?.approve === true
}

/** A client without a form of its own, or a plan too long for a dialog, is sent to the page. */
function canElicit(server: McpServer, ctx: ServerContext, request: ApprovalRequest): boolean {
  const elicitation = capabilitiesOf(server, ctx)?.elicitation
  const hasForm = elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
  return hasForm && toQuestion(request).length <= MAX_DIALOG_CHARS
}

/** What the client has said that it can do. */
export function capabilitiesOf(server: McpServer, ctx: ServerContext): ClientCapabilities | undefined {
  return envelope(ctx)[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities()
}

/** Past the model: hosts hand `_meta` to the widget only. */
async function withTicket(
  result: CallToolResult,
  { plan_id: planId, digest }: Record<string, unknown>,
  ctx: ServerContext,
  codec: RequestStateCodec<AskedState>,
): Promise<CallToolResult> {
  const ticket = await codec.mint({ by: 'widget', planId: String(planId), digest: String(digest) }, ctx)
  return { ...result, _meta: { [TICKET]: ticket } }
}

/** What the person is told of a change on trial. */
function trialOf({ name }: Operation, input: unknown): Pick<AskedState, 'trial'> {
  const { confirm_seconds: trial } = input as { confirm_seconds?: number }
  return name === 'apply' && trial !== undefined ? { trial } : {}
}

async function elicit(
  request: ApprovalRequest,
  trial: Pick<AskedState, 'trial'>,
  ctx: ServerContext,
  codec: RequestStateCodec<AskedState>,
): Promise<InputRequiredResult> {
  return inputRequired({
    requestState: await codec.mint({ by: 'form', planId: request.planId, digest: request.digest, ...trial }, ctx),
    inputRequests: {
      approval: inputRequired.elicit({
        message: toQuestion(request),
        requestedSchema: {
          type: 'object',
          properties: { approve: { type: 'boolean', title: `Apply this to ${request.target}`, default: false } },
          required: ['approve'],
        },
      }),
    },
  })
}

function toQuestion(request: ApprovalRequest): string {
  const warnings = request.warnings.map((one) => `! ${one}`)
  return [`${request.summary} (target ${request.target})`, '', request.diff, ...warnings, ...request.impact].join('\n')
}

export function toResult(value: Record<string, unknown>): CallToolResult {
  const text = JSON.stringify(value)
  if (text.length > MAX_ANSWER_CHARS) {
    throw new OperationError(
      'invalid',
      `the answer has ${text.length} characters, more than the ${MAX_ANSWER_CHARS} that fit; ask for less (search, cursor, id, fewer names)`,
    )
  }
  const content: CallToolResult['content'] = [{ type: 'text', text }]
  if (Array.isArray(value.secrets) && value.secrets.length)
    content.push({ type: 'text', text: 'New secrets are kept for the person, who sees them with `gateward reveal`.' })
  return { content, structuredContent: value }
}

export function toFailure(error: OperationError): CallToolResult {
  const lines = error.details.filter((one) => !error.message.includes(one)).map((one) => `- ${one}`)
  const text = [`${error.code}: ${error.message}`, ...lines].join('\n')
  return { isError: true, content: [{ type: 'text', text: text.slice(0, MAX_ANSWER_CHARS) }] }
}

function progressOf(ctx: ServerContext): (message: string) => void {
  const progressToken = ctx.mcpReq._meta?.progressToken
  if (progressToken === undefined) return () => {}
  let progress = 0
  return (message) => {
    const params = { progressToken, progress: ++progress, message: plainText(message) }
    // A client that has gone away gets no progress; its request is cancelled by the signal.
    void ctx.mcpReq.notify({ method: 'notifications/progress', params }).catch(() => undefined)
  }
}

/** What a 2026-07-28 client says of itself with each request; empty for one of 2025, which said it at the beginning. */
function envelope(ctx: ServerContext): Record<string, unknown> {
  return ctx.mcpReq.envelope ?? {}
}

export function clientName(server: McpServer, ctx: ServerContext): string {
  const client = (envelope(ctx)[CLIENT_INFO_META_KEY] ?? server.server.getClientVersion()) as Implementation | undefined
  return plainText(client?.name ?? 'mcp', 64)
}

/** Takes values that came as JSON text for what they stand for, then checks. */
function readingText(schema: JsonSchemaType): StandardSchemaWithJSON {
  const strict = fromJsonSchema(schema)
  const standard = strict['~standard']
  return { '~standard': { ...standard, validate: (value) => standard.validate(coerce(schema, value)) } }
}
