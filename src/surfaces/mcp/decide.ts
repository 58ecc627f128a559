// The decision of a person in the plan's widget. The tool is for the widget alone (visibility `app`): it wants the ticket that came with the
// plan in `_meta`, which a host gives to the widget and not to its model. The ticket is signed, bound to the caller and to the plan's digest,
// and expires; the plan itself is used once. It is given only to a client that shows widgets, on a connection whose person may approve.
import { type CallToolResult, fromJsonSchema, type McpServer, type RegisteredTool } from '@modelcontextprotocol/server'
import { type ApprovalRequest, OperationError } from '../../operations/contract.ts'
import { type AskedState, clientName, type ToolDeps, toFailure, toResult } from './tools.ts'

const INPUT = fromJsonSchema<{ ticket: string; approve: boolean }>({
  type: 'object',
  properties: { ticket: { type: 'string', maxLength: 4096 }, approve: { type: 'boolean' } },
  required: ['ticket', 'approve'],
  additionalProperties: false,
})

export function registerDecide(server: McpServer, deps: ToolDeps): RegisteredTool {
  return server.registerTool(
    'decide',
    {
      title: 'Decide on a plan',
      description: 'The buttons of the plan card. Not for models: the card alone has the ticket.',
      inputSchema: INPUT,
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
      _meta: { ui: { visibility: ['app'] } },
    },
    async ({ ticket, approve }, ctx): Promise<CallToolResult> => {
      try {
        const state = await deps.codec.verify(ticket, ctx).catch((): AskedState | undefined => undefined)
        if (state?.by !== 'widget')
          throw new OperationError('refused', 'this card is too old, or its ticket is not ours: plan again')
        const subject = clientName(server, ctx)
        const ask = async (request: ApprovalRequest): Promise<string | undefined> =>
          approve && request.digest === state.digest ? `person at ${subject}` : undefined
        const call = { subject, ask, progress: () => {}, signal: ctx.mcpReq.signal }
        return toResult(await deps.operator.run('apply', { plan_id: state.planId }, call))
      } catch (error) {
        if (error instanceof OperationError) return toFailure(error)
        throw error
      }
    },
  )
}
