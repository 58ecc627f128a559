// Prompts: ways to begin, which a person picks in the client. Their arguments are the person's own words.
import type { GetPromptResult, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

export function registerPrompts(server: McpServer): void {
  server.registerPrompt(
    'publish_api',
    {
      title: 'Publish an API',
      description: 'Puts the gateway in front of an API, asks for a key and limits calls.',
      argsSchema: z.object({
        url: z.string().max(300).describe('where the API runs: http://127.0.0.1:8080'),
        path: z.string().max(300).optional().describe('path to serve: /orders/*'),
        limit: z.string().max(40).optional().describe('calls a minute: 100'),
      }),
    },
    ({ url, path, limit }) =>
      says(
        `Put the gateway in front of the API at ${url}${path ? `, under ${path}` : ''}. Ask for an API key${limit ? ` and allow ${limit} calls a minute` : ''}. Look first whether a route takes these requests already. Make one plan, show me its diff and warnings, and apply it; then tell me what the proof showed.`,
      ),
  )
  server.registerPrompt(
    'investigate_5xx',
    {
      title: 'Investigate errors',
      description: 'Finds out why requests fail with a 5xx status, without changing anything.',
      argsSchema: z.object({
        path: z.string().max(300).describe('a path that fails: /orders/7'),
        method: z.string().max(20).optional().describe('GET when it is not given'),
      }),
    },
    ({ path, method }) =>
      says(
        `Requests ${method ?? 'GET'} ${path} fail with a 5xx status. Explain which route takes them and which plugins run, look at this route, its upstream and its service, look at the history for recent changes, and prove the request once. Tell me the likely cause and how to be sure; change nothing, but offer a plan.`,
      ),
  )
}

function says(text: string): GetPromptResult {
  return { messages: [{ role: 'user', content: { type: 'text', text } }] }
}
