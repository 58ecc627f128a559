// Puts one Gateward together: store, data plane, Admin API, metrics, operator's surface; and takes it down again in the opposite order.
import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { createAdmin } from './admin/admin.ts'
import { createControl } from './admin/control.ts'
import type { AdminKey } from './admin/keys.ts'
import type { AdminAnswer, AdminRequest } from './admin/message.ts'
import { createSecrecy, type SecretBox } from './admin/secrecy.ts'
import { ConfigFeed } from './feed.ts'
import { createFaultFinder } from './foreign.ts'
import { DataPlane } from './gateway/data-plane.ts'
import { SERVER } from './gateway/error-page.ts'
import { checkVars } from './gateway/router/vars.ts'
import { SecretKeeper } from './gateway/secret-managers/keeper.ts'
import { holdYoungGeneration } from './gateway/v8-flags.ts'
import { browserOrigin, parseAddress } from './lib/address.ts'
import { createLogger } from './lib/log.ts'
import { Secretbox } from './lib/secretbox.ts'
import { version } from './lib/version.ts'
import { exposition } from './metrics/exposition.ts'
import { processMetrics } from './metrics/process-metrics.ts'
import { toPlaneOptions } from './plane-options.ts'
import { checkPluginSettings } from './plugin-settings.ts'
import { plugins } from './plugins/index.ts'
import { createCatalog, type PluginCatalog } from './resources/catalog.ts'
import { createValidator, type Validator } from './resources/validator.ts'
import { type Closers, serveMessages, serveMetrics } from './servers.ts'
import { type AdminKeys, LiveAdminKeys } from './settings/keys.ts'
import { readNodeId } from './settings/node-id.ts'
import type { Settings } from './settings/schema.ts'
import type { Store } from './store/contract.ts'
import { lockDirectory } from './store/directory-lock.ts'
import { openStore } from './store/open.ts'
import { watchTrouble } from './store/trouble.ts'

/** A running Gateward. Addresses are those that were really opened (`host:port`); undefined: switched off. */
export interface Gateward {
  gateway: string[]
  gatewayTls: string[]
  admin: string | undefined
  metrics: string | undefined
  surface: string | undefined
  /** Why the store cannot be written now; undefined when it answers. */
  storeTrouble(): string | undefined
  /** A one-time address that makes the browser the owner's. */
  ownerUrl(): string | undefined
  close(): Promise<void>
}

/** Stores that others write to, past the Admin API. */
const OTHERS_WRITE: ReadonlySet<Store['name']> = new Set(['etcd', 'yaml'])
const MAX_FAULTS_LOGGED = 20
/** How long an Admin write waits for the data plane; the answer then says which revision is served. */
const SERVED_LIMIT_MS = 2000
/** How long an Admin write and the start wait for secret managers that have not been asked yet. */
const SECRETS_LIMIT_MS = 1500

/** Starts everything. Rejects with a StoreError, ListenError or Error with one clear line; what was opened is closed again. */
export async function startGateward(settings: Settings): Promise<Gateward> {
  const closers: Closers = []
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one()
  }
  try {
    return await open(settings, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

/** The configuration and what reads it. */
interface Configured {
  settings: Settings
  store: Store
  feed: ConfigFeed
  keys: LiveAdminKeys
  closers: Closers
  log: ReturnType<typeof createLogger>
  catalog: PluginCatalog
  validator: Validator
}

/** The configuration, and the data plane that serves it. */
interface Parts extends Configured {
  plane: DataPlane
  secrets: SecretKeeper
}

async function open(settings: Settings, closers: Closers, close: () => Promise<void>): Promise<Gateward> {
  const loaded = holdYoungGeneration()
  closers.push(loaded)
  const parts = await openPlane(await openConfiguration(settings, closers))
  const { store, plane } = parts
  const admin = await listenAdmin(parts)
  await listenControl(parts)
  const metrics = await serveMetrics(settings.metrics.listen, () => metricsText(plane, store), closers)
  const gateway = settings.gateway.http.map((text, i) => `${parseAddress(text)?.host}:${plane.ports[i]}`)
  const { surface, ownerUrl } = await openSurface(parts, {
    ...settings,
    admin: { ...settings.admin, listen: admin ?? settings.admin.listen },
    gateway: { ...settings.gateway, http: gateway },
    metrics: { listen: metrics ?? 'off' },
  })
  loaded()
  return {
    gateway,
    gatewayTls: settings.gateway.https.map((text, i) => `${parseAddress(text)?.host}:${plane.tlsPorts[i]}`),
    admin,
    metrics,
    surface,
    storeTrouble: () => store.trouble(),
    ownerUrl,
    close,
  }
}

async function openConfiguration(settings: Settings, closers: Closers): Promise<Configured> {
  checkPluginSettings(settings.plugins, plugins)
  const log = createLogger(settings.log.level)
  mkdirSync(settings.data_dir, { recursive: true, mode: 0o700 })
  closers.push(lockDirectory(settings.data_dir))
  const store = await openStore(settings, settings.data_dir)
  closers.push(() => store.close())
  closers.push(
    watchTrouble(store, (trouble) =>
      trouble === undefined
        ? log.info('the store answers again')
        : log.warn({ trouble }, 'the store is away: the last configuration is served, writes are refused'),
    ),
  )
  const keys = new LiveAdminKeys(settings, (trouble) =>
    trouble === undefined
      ? log.info('the keys of the Admin API have changed')
      : log.warn({ trouble }, 'the keys of the Admin API cannot be read again; the last ones stay'),
  )
  closers.push(() => keys.close())
  const { enable } = settings.plugins
  const catalog = createCatalog(plugins.filter(({ name }) => enable?.includes(name) ?? true))
  // Of every plugin: what was stored while it was enabled is no less secret now.
  const secrecy = createSecrecy(createCatalog(plugins), toSecretBox(settings))
  const validator = createValidator({ catalog, checkVars, attributes: settings.plugins.attr })
  const feed = new ConfigFeed({
    store,
    secrecy,
    fault: OTHERS_WRITE.has(store.name) ? createFaultFinder(validator, catalog) : undefined,
    onTrouble: (error) => log.error({ err: error }, 'the configuration cannot be read again; the last one is served'),
    onFaults: (faults) =>
      log.error(
        { faults: Object.fromEntries([...faults].slice(0, MAX_FAULTS_LOGGED)), count: faults.size },
        'resources of the store cannot be served as they stand there; the last good ones are served, if there are any',
      ),
  })
  return { settings, store, feed, keys, closers, log, catalog, validator }
}

/** Loads the configuration and starts the threads that serve it. */
async function openPlane(configured: Configured): Promise<Parts> {
  const { settings, store, feed, closers, log } = configured
  await feed.start()
  closers.push(() => feed.close())

  const plane: DataPlane = new DataPlane({
    ...toPlaneOptions(settings),
    log,
    snapshot: () => feed.snapshot(),
    version: (key) => feed.version(key),
    metricsText: () => metricsText(plane, store),
    secrets: () => secrets.values,
  })
  const secrets: SecretKeeper = new SecretKeeper({
    log,
    ttlMs: settings.secrets.ttl_seconds * 1000,
    retryMs: settings.secrets.retry_seconds * 1000,
    staleMs: settings.secrets.stale_seconds * 1000,
    onChange: (values, keys) => plane.takeSecrets(values, keys),
  })
  closers.push(() => secrets.close())
  secrets.changed(feed.snapshot().changes)
  feed.onCommit((revision, changes) => {
    plane.commit(revision, changes)
    secrets.changed(changes)
  })
  await secrets.settled(SECRETS_LIMIT_MS)
  closers.push(() => plane.close(settings.gateway.drain_seconds * 1000))
  await plane.start()
  return { ...configured, plane, secrets }
}

/** `opened`: the settings with the addresses that were really opened. The operator's code is loaded only now, when the gateway serves. */
async function openSurface(
  { store, plane, keys, closers, log }: Parts,
  opened: Settings,
): Promise<Pick<Gateward, 'surface' | 'ownerUrl'>> {
  if (opened.surface.listen === 'off') return { surface: undefined, ownerUrl: () => undefined }
  const surfaces = await import('./surfaces/open.ts')
  const { surface, owner } = await surfaces.openSurface(opened, () => keys.current.admin, closers, log, {
    storeTrouble: () => store.trouble(),
    watch: (show) => plane.watch(show),
  })
  return { surface, ownerUrl: () => `${browserOrigin(opened.surface.public_url, surface)}/?ticket=${owner.ticket()}` }
}

function metricsText(plane: DataPlane, store: Store): string {
  const facts = processMetrics({
    hostname: hostname(),
    version: version(),
    traffic: plane.traffic,
    dropped: plane.metrics.dropped,
    revision: store.revision(),
    storeReachable: store.trouble() === undefined,
    health: plane.health.reports(),
  })
  return exposition([...plane.metrics.collect(), ...facts])
}

function toSecretBox(settings: Settings): SecretBox {
  const { enable, keyring } = settings.data_encryption
  const box = new Secretbox(keyring)
  return {
    encrypt: (clear) => (enable ? box.encrypt(clear) : clear),
    decrypt: (stored) => box.decrypt(stored) ?? stored,
  }
}

async function listenAdmin(parts: Parts): Promise<string | undefined> {
  const { settings, store, feed, plane, secrets, keys, closers, log, catalog, validator } = parts
  const reread = (): void => keys.look()
  process.on('SIGHUP', reread)
  closers.push(() => process.off('SIGHUP', reread))
  const admin = await createAdmin({
    store,
    catalog,
    validator,
    secretBox: toSecretBox(settings),
    keys: () => toAdminKeys(keys.current),
    allowAdmin: settings.admin.allow,
    standalone: store.name === 'memory',
    afterCommit: async (revision) => {
      await plane.whenServed(revision, SERVED_LIMIT_MS)
      await secrets.settled(SECRETS_LIMIT_MS)
      return { servedRevision: plane.served }
    },
    trouble: () => store.trouble() ?? feed.trouble(),
    onFault: (error, id) => log.error({ err: error, error_id: id }, 'the Admin API failed'),
  })
  closers.push(() => admin.close())
  return serveMessages(settings.admin.listen, admin.handle, closers, { tls: settings.admin.tls, refuse: admin.refuse })
}

/** The Control API and the status API: one handler, each port answers its own paths. */
async function listenControl({ settings, store, feed, plane, closers, catalog, validator }: Parts): Promise<void> {
  const control = createControl({
    store,
    catalog,
    validator,
    health: (owner) => plane.health.reports(owner),
    serverInfo: () => ({
      hostname: hostname(),
      version: SERVER.split('/')[1],
      boot_time: Math.floor(performance.timeOrigin / 1000),
      id: readNodeId(settings.data_dir),
      etcd_version: 'unknown',
    }),
    notReady: () => (plane.threads < settings.threads ? 'a data-plane thread is starting' : undefined),
    trouble: () => store.trouble() ?? feed.trouble(),
  })
  const only =
    (wanted: boolean) =>
    (request: AdminRequest): Promise<AdminAnswer> =>
      request.path.startsWith('/status') === wanted
        ? control.handle(request)
        : control.handle({ ...request, path: '/' })
  await serveMessages(settings.control.listen, only(false), closers)
  await serveMessages(settings.status.listen, only(true), closers)
}

function toAdminKeys(keys: AdminKeys): AdminKey[] {
  const admin: AdminKey = { key: keys.admin, role: 'admin' }
  return keys.viewer === undefined ? [admin] : [admin, { key: keys.viewer, role: 'viewer' }]
}
