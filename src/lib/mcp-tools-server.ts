// Serves tools to MCP clients: the official SDK, both protocol eras, without sessions, so that any thread can answer any request. The SDK is
// loaded when the first one is made: threads without such a route do not pay for it.
import type { McpHttpHandler } from '@modelcontextprotocol/server'

export interface McpTool {
  name: string
  description: string
  inputSchema: Record<string, unknown>
}

/** What becomes of a call. A failure is a result too: the model reads it. */
export interface McpToolResult {
  text: string
  failed: boolean
}

/** Who is asked for tools and calls; made for each request. */
export interface McpTools {
  list(): Promise<McpTool[]>
  call(name: string, input: Record<string, unknown>): Promise<McpToolResult>
}

export interface McpServing {
  /** Answers one HTTP request. */
  serve(request: Request, tools: McpTools): Promise<Response>
  close(): Promise<void>
}

/** `maxBodyBytes`: of a message. */
export async function createMcpServing(
  info: { name: string; version: string },
  maxBodyBytes: number,
  onError: (error: Error) => void,
): Promise<McpServing> {
  const { createMcpHandler, Server } = await import('@modelcontextprotocol/server')
  const handler: McpHttpHandler = createMcpHandler(
    ({ authInfo }) => {
      const tools = authInfo?.extra?.tools as McpTools
      const server = new Server(info, { capabilities: { tools: {} } })
      server.setRequestHandler('tools/list', async () => ({
        tools: (await tools.list()).map((tool) => ({
          ...tool,
          inputSchema: tool.inputSchema as { type: 'object' },
        })),
      }))
      server.setRequestHandler('tools/call', async ({ params }) => {
        const { text, failed } = await tools.call(params.name, params.arguments ?? {})
        return { content: [{ type: 'text', text }], ...(failed ? { isError: true } : {}) }
      })
      return server
    },
    // Nothing here changes by itself: a stream that waits for changes would only be held open.
    { maxRequestBodySize: maxBodyBytes, maxSubscriptions: 0, onerror: onError },
  )
  return {
    serve: (request, tools) =>
      handler.fetch(request, { authInfo: { token: '', clientId: '', scopes: [], extra: { tools } } }),
    close: () => handler.close(),
  }
}
