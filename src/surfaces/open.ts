// Puts the operator's surface together: targets, ledger, approvals, chats, the HTTP server. A module of its own, loaded after the gateway serves:
// its libraries take longer to load than all the rest.
import type { AddressInfo } from 'node:net'
import { browserOrigin, isLoopback, parseAddress } from '../lib/address.ts'
import { ListenError } from '../lib/listen-error.ts'
import type { createLogger } from '../lib/log.ts'
import { randomHex } from '../lib/random-hex.ts'
import { version } from '../lib/version.ts'
import { Approvals } from '../operations/approval.ts'
import { Confirmations } from '../operations/confirmations.ts'
import type { OperationContext, Surface } from '../operations/contract.ts'
import { operations } from '../operations/index.ts'
import { Ledger } from '../operations/ledger.ts'
import { createFetch } from '../operations/openapi/fetch.ts'
import { settleAll } from '../operations/settle.ts'
import { Rollups } from '../operations/traffic/rollups.ts'
import { type Closers, closeServer } from '../servers.ts'
import type { Settings } from '../settings/schema.ts'
import { Conversation } from './chat/agent.ts'
import { ChatStore } from './chat/chat-store.ts'
import { Chats } from './chat/chats.ts'
import { ModelChoice } from './chat/model-choice.ts'
import { Demo } from './console/demo-api.ts'
import { Desk } from './desk.ts'
import { OAuth } from './http/oauth.ts'
import { Access, readTokens } from './http/principal.ts'
import { clearLeftOvers } from './left-overs.ts'
import { Owner } from './owner.ts'
import { createSurface, listenSurface, type SurfaceDeps } from './server.ts'
import { toTargets } from './targets.ts'

type Log = ReturnType<typeof createLogger>

/** Opens the surface at `settings.surface.listen`, for which the other addresses in `settings` are those that were really opened. */
export async function openSurface(
  settings: Settings,
  adminKey: () => string,
  closers: Closers,
  log: Log,
  { storeTrouble, watch }: Pick<SurfaceDeps, 'storeTrouble' | 'watch'>,
): Promise<{ surface: string; owner: Owner }> {
  const address = parseAddress(settings.surface.listen) as { host: string; port: number }
  assertGuarded(settings.surface, address.host)
  const tokens = readTokens(settings.surface.tokens, process.env)
  const parts = openParts(settings, adminKey, closers, log)
  const context = (surface: Surface, signal: AbortSignal): OperationContext => ({
    ...parts,
    caller: { surface, subject: surface === 'openai' ? 'chatgpt' : 'owner' },
    ask: undefined,
    reveal: undefined,
    progress: () => {},
    signal,
    now: Date.now,
    keepFault: (error) => keepFault(error, log),
  })
  void settleAll(context('console', new AbortController().signal)).catch((error: unknown) =>
    log.error({ err: error }, 'what became of a change that was cut off could not be found out'),
  )
  const owner = new Owner(settings.data_dir)
  const desk = new Desk(parts.approvals)
  const demo = new Demo()
  closers.push(() => demo.close())
  const model = new ModelChoice(settings.model, process.env, settings.data_dir)
  const chats = new Chats({
    store: new ChatStore(settings.data_dir),
    desk,
    newConversation: async (past) => new Conversation(await model.open(), past),
    context: (signal) => context('console', signal),
  })
  closers.push(() => chats.close())
  let listened: string | undefined
  const app = createSurface({
    operations,
    context,
    chats,
    pluginContext: (signal) => context('openai', signal),
    desk,
    owner,
    access: new Access({ owner, tokens, oauth: toOAuth(settings) }),
    version: version(),
    model,
    demo,
    publicUrl: settings.surface.public_url,
    origin: () => browserOrigin(settings.surface.public_url, listened ?? settings.surface.listen),
    storeTrouble,
    watch,
    log,
  })
  const server = await listenSurface(app, address).catch((error: NodeJS.ErrnoException) => {
    throw ListenError.at(settings.surface.listen, error)
  })
  closers.push(() => closeServer(server))
  listened = `${address.host}:${(server.address() as AddressInfo).port}`
  return { surface: listened, owner }
}

/** What all callers' operations share, and what goes on without any: counting traffic, taking back what nobody has confirmed. */
function openParts(
  settings: Settings,
  adminKey: () => string,
  closers: Closers,
  log: Log,
): Pick<OperationContext, 'targets' | 'ledger' | 'approvals' | 'confirmations' | 'fetchDocument'> {
  const ledger = new Ledger(settings.data_dir)
  closers.push(() => ledger.close())
  const rollups = new Rollups(settings.data_dir)
  closers.push(() => rollups.close())
  const targets = toTargets(settings, adminKey, process.env, rollups)
  closers.push(
    targets.watch((target, trouble) =>
      trouble === undefined
        ? log.info({ target }, 'the metrics of a target are read again')
        : log.warn({ target, trouble }, 'the traffic of a target is not counted until its metrics can be read'),
    ),
  )
  for (const { name, keyTrouble } of targets.names().map((one) => targets.get(one)))
    if (keyTrouble !== undefined) log.warn({ target: name, trouble: keyTrouble }, 'there is no key for a target')
  closers.push(clearLeftOvers(targets, log))
  const confirmations = new Confirmations(ledger, targets)
  closers.push(confirmations.watch((error) => log.error({ err: error }, 'a change on trial could not be taken back')))
  return {
    targets,
    ledger,
    approvals: new Approvals(settings.approvals.expire_seconds * 1000),
    confirmations,
    fetchDocument: createFetch(settings.openapi.fetch_networks),
  }
}

/** The resource's address is what clients know: the public one, else the one that is listened on. */
function toOAuth({ surface }: Settings): OAuth | undefined {
  return (
    surface.oauth &&
    new OAuth(surface.oauth, `${surface.public_url ?? `http://${surface.listen}`}`.replace(/\/$/, '').concat('/mcp'))
  )
}

function assertGuarded({ listen, tokens, oauth }: Settings['surface'], host: string): void {
  if (isLoopback(host) || tokens.length || oauth) return
  throw new Error(
    `surface.listen is ${listen}, which others can reach, but surface.tokens is empty; add a token or surface.oauth, or listen on 127.0.0.1`,
  )
}

function keepFault(error: unknown, log: Log): string {
  const id = randomHex(4)
  log.error({ err: error, error_id: id }, 'an operation failed')
  return id
}
