// Widgets of MCP Apps (extension io.modelcontextprotocol/ui, 2026-01-26): four pages made from the console's own cards, each one HTML file that
// loads nothing from anywhere. A host shows one beside the answer of a tool; to a client without the extension the answer is the same as ever.
// The address of a page changes with its content, since hosts keep what they have read.
import { hash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ClientCapabilities, McpServer } from '@modelcontextprotocol/server'
import { ROOT } from '../../lib/root.ts'

const EXTENSION = 'io.modelcontextprotocol/ui'
const MIME_TYPE = 'text/html;profile=mcp-app'

/** Where the ticket of a plan's decision stands in the `_meta` of its answer. */
export const TICKET = 'gateward/ticket'

/** The page that shows a tool's answer, by tool. */
const PAGES: Readonly<Record<string, { page: string; title: string }>> = {
  plan: { page: 'plan', title: 'A plan to approve' },
  look: { page: 'table', title: 'A table of resources' },
  traffic: { page: 'traffic', title: 'Traffic as a chart' },
  explain: { page: 'explain', title: 'Which route takes a request' },
}

export interface Widget {
  uri: string
  title: string
  html: string
}

/** The widgets by tool; empty when the console has not been built. */
export function readWidgets(
  directory = fileURLToPath(new URL('console/dist/widgets/', ROOT)),
): ReadonlyMap<string, Widget> {
  const found = Object.entries(PAGES).flatMap(([tool, { page, title }]): [string, Widget][] => {
    const file = `${directory}${page}.html`
    if (!existsSync(file)) return []
    const html = readFileSync(file, 'utf8')
    const version = hash('sha256', html).slice(0, 8)
    return [[tool, { uri: `ui://gateward/${page}-${version}`, title, html }]]
  })
  return new Map(found)
}

export function registerWidgets(server: McpServer, widgets: ReadonlyMap<string, Widget>): void {
  for (const { uri, title, html } of widgets.values()) {
    const _meta = { ui: { csp: {}, prefersBorder: false } }
    server.registerResource(uri, uri, { title, mimeType: MIME_TYPE, _meta }, () => ({
      contents: [{ uri, mimeType: MIME_TYPE, text: html, _meta }],
    }))
  }
}

/** Whether a client says that it shows widgets. */
export function showsWidgets(capabilities: ClientCapabilities | undefined): boolean {
  const extensions = capabilities?.extensions
  const { mimeTypes } = (extensions?.[EXTENSION] ?? {}) as { mimeTypes?: unknown }
  return Array.isArray(mimeTypes) && mimeTypes.includes(MIME_TYPE)
}
