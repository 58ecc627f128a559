// What can be read without a tool: the configuration by kind, one resource whole, and what each plugin can do. The same redacted answers as the
// operations `look` and `describe_plugins` give.
import {
  type McpServer,
  type ReadResourceResult,
  ResourceNotFoundError,
  ResourceTemplate,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { percentDecode } from '../../lib/percent.ts'
import { OperationError } from '../../operations/contract.ts'
import { KINDS } from '../../resources/kinds.ts'
import type { Operator } from '../operator.ts'

/** Suggestions of one completion, as the protocol allows. */
const MAX_SUGGESTIONS = 100

export function registerResources(server: McpServer, operator: Operator): void {
  const read = async (uri: URL, name: string, input: object, ctx: ServerContext): Promise<ReadResourceResult> => {
    const value = await ask(operator, name, input, ctx.mcpReq.signal).catch((error: unknown) => {
      if (error instanceof OperationError && error.code === 'not_found')
        throw new ResourceNotFoundError(uri.href, error.message)
      throw error
    })
    return { contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(value) }] }
  }
  for (const kind of KINDS) {
    const config = { title: `All ${kind}`, mimeType: 'application/json' }
    server.registerResource(kind, `gateward://config/${kind}`, config, (uri, ctx) => read(uri, 'look', { kind }, ctx))
  }
  server.registerResource(
    'resource',
    new ResourceTemplate('gateward://config/{kind}/{id}', {
      list: undefined,
      complete: {
        kind: (start) => KINDS.filter((kind) => kind.startsWith(start)),
        id: (start, context) => completeId(operator, start, context?.arguments?.kind),
      },
    }),
    { title: 'One resource, secrets hidden', mimeType: 'application/json' },
    (uri, { kind, id }, ctx) => read(uri, 'look', { kind: known(kind, uri), id: percentDecode(String(id)) }, ctx),
  )
  server.registerResource(
    'plugin',
    new ResourceTemplate('gateward://plugins/{name}', {
      list: undefined,
      complete: { name: (start) => completePlugin(operator, start) },
    }),
    { title: 'What a plugin can do: its fields', mimeType: 'application/json' },
    (uri, { name }, ctx) => read(uri, 'describe_plugins', { names: [String(name)] }, ctx),
  )
}

function known(kind: string | string[] | undefined, uri: URL): string {
  if (KINDS.some((one) => one === kind)) return String(kind)
  throw new ResourceNotFoundError(uri.href, `there is no kind ${JSON.stringify(kind)}; there are: ${KINDS.join(', ')}`)
}

async function completeId(operator: Operator, start: string, kind: string | undefined): Promise<string[]> {
  if (kind === undefined || !KINDS.some((one) => one === kind)) return []
  const { rows } = await ask(operator, 'look', { kind, ...(start ? { search: start } : {}) })
  return (rows as { id: string }[])
    .map((row) => row.id)
    .filter((id) => id.startsWith(start))
    .slice(0, MAX_SUGGESTIONS)
}

async function completePlugin(operator: Operator, start: string): Promise<string[]> {
  const { plugins } = await ask(operator, 'describe_plugins', {})
  return (plugins as string[]).filter((name) => name.startsWith(start)).slice(0, MAX_SUGGESTIONS)
}

function ask(
  operator: Operator,
  name: string,
  input: object,
  signal: AbortSignal = new AbortController().signal,
): Promise<Record<string, unknown>> {
  return operator.run(name, input, { subject: 'mcp', ask: undefined, progress: () => {}, signal })
}
