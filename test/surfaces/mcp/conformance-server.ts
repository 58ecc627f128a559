// What the official conformance suite calls: its own fixture tools, resources and prompts, served by our guard, routes, sessions and handler of both
// eras, with the capabilities of the product's server. So its scenarios test what we put on the wire, not what our tools do.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { McpServer, type McpServerFactory } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { guard } from '../../../src/surfaces/http/access.ts'
import { Access, type Principal } from '../../../src/surfaces/http/principal.ts'
import { mcpRoutes } from '../../../src/surfaces/mcp/routes.ts'
import { capabilitiesIn } from '../../../src/surfaces/mcp/server.ts'
import { Owner } from '../../../src/surfaces/owner.ts'
import { SCOPES } from '../../../src/surfaces/scopes.ts'
import { listenSurface } from '../../../src/surfaces/server.ts'
import { registerAsking, stateCodec } from './conformance-asking.ts'
import { registerPrompts, registerResources, registerTools } from './conformance-fixtures.ts'

/** The suite sends no token: each of its calls is the owner's, so that clients of 2025 get sessions. */
class EveryoneIsOwner extends Access {
  override async of(): Promise<Principal> {
    return { subject: 'owner', scopes: new Set(SCOPES) }
  }
}

export async function serveFixtures(): Promise<{ url: string; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'gateward-conformance-'))
  const app = new Hono()
  app.use(guard(undefined))
  const access = new EveryoneIsOwner({ owner: new Owner(directory), tokens: [] })
  mcpRoutes(app, { operations: [], access, servers: fixtures(), log: { debug: () => {} } })
  const server = await listenSurface(app, { host: '127.0.0.1', port: 0 })
  const { port } = server.address() as { port: number }
  return {
    url: `http://localhost:${port}/mcp`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve(rmSync(directory, { recursive: true })))
        server.closeAllConnections()
      }),
  }
}

function fixtures(): McpServerFactory {
  const codec = stateCodec()
  return ({ era }) => {
    const server = new McpServer(
      { name: 'gateward-fixtures', version: '1.0.0' },
      { capabilities: capabilitiesIn(era), requestState: { verify: codec.verify } },
    )
    registerTools(server)
    registerAsking(server, codec)
    registerResources(server)
    registerPrompts(server)
    return server
  }
}
