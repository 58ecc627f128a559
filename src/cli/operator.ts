// What the command line needs to operate gateways: the targets of the settings, the ledger of the data directory, a person at the terminal.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { parseAddress } from '../lib/address.ts'
import { Approvals } from '../operations/approval.ts'
import { Confirmations } from '../operations/confirmations.ts'
import type { OperationContext, Surface } from '../operations/contract.ts'
import { Ledger } from '../operations/ledger.ts'
import { createFetch } from '../operations/openapi/fetch.ts'
import { type TargetSettings, Targets } from '../operations/targets.ts'
import type { Settings } from '../settings/schema.ts'
import { renderPlan } from './render.ts'
import type { Terminal } from './terminal.ts'

/** Where Gateward and APISIX serve their metrics. */
const METRICS_PATH = '/apisix/prometheus/metrics'

/** The embedded gateway and the targets of the settings. `key`: the admin key of the embedded one. */
export function toTargets(settings: Settings, key: string, env: NodeJS.ProcessEnv): Targets {
  const embedded: TargetSettings = {
    name: 'embedded',
    // Its certificate must be trusted by Node (NODE_EXTRA_CA_CERTS for one of your own).
    adminUrl: `${settings.admin.tls.cert_file ? 'https' : 'http'}://${reachable(settings.admin.listen)}`,
    adminKey: key,
    gatewayUrl: `http://${reachable(settings.gateway.http[0] ?? '127.0.0.1:9080')}`,
    metricsUrl:
      settings.metrics.listen === 'off' ? undefined : `http://${reachable(settings.metrics.listen)}${METRICS_PATH}`,
    policy: settings.approvals.policy,
  }
  const others = settings.targets.map((one): TargetSettings => {
    const fromFile = one.key_file === undefined ? undefined : readFileSync(one.key_file, 'utf8').trim()
    const fromEnvironment = one.key_env === undefined ? undefined : env[one.key_env]
    return {
      name: one.name,
      adminUrl: one.admin_url,
      adminKey: fromFile ?? fromEnvironment ?? '',
      gatewayUrl: one.gateway_url ?? one.admin_url.replace(/:\d+$/, ':9080'),
      metricsUrl: one.metrics_url,
      policy: one.policy,
    }
  })
  // Without its Admin API the embedded gateway cannot be operated: then the others are all there are.
  const own = settings.admin.listen === 'off' ? [] : [embedded]
  return new Targets([...own, ...others], settings.approvals.surfaces)
}

/** An address to connect to for one that is listened on. */
export function reachable(listen: string): string {
  const address = parseAddress(listen)
  if (!address) return listen
  const host =
    address.host === '0.0.0.0'
      ? '127.0.0.1'
      : address.host === '::'
        ? '[::1]'
        : address.host.includes(':')
          ? `[${address.host}]`
          : address.host
  return `${host}:${address.port}`
}

/** The admin key of the gateway in this data directory, undefined when none has been started there. */
export function existingAdminKey(settings: Settings): string | undefined {
  if (settings.admin.key) return settings.admin.key
  try {
    return readFileSync(join(settings.data_dir, 'admin.key'), 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A context in which the person at the terminal approves: the line `y` in answer to the question, nothing else. */
export function terminalContext(
  settings: Settings,
  key: string,
  terminal: Terminal,
  surface: Surface,
): OperationContext {
  const targets = toTargets(settings, key, process.env)
  const ledger = new Ledger(settings.data_dir)
  const confirmations = new Confirmations(ledger, targets)
  confirmations.watch((error) =>
    terminal.print(terminal.paint('red', `a change on trial could not be taken back: ${error.message}`)),
  )
  return {
    targets,
    ledger,
    confirmations,
    approvals: new Approvals(settings.approvals.expire_seconds * 1000),
    fetchDocument: createFetch(settings.openapi.fetch_networks),
    caller: { surface, subject: userInfo().username },
    ask: async (request) => {
      terminal.print(renderPlan(request, terminal))
      const answer = await terminal.ask('Apply? [y/N] ')
      return answer === 'y' ? userInfo().username : undefined
    },
    reveal: (secrets) => {
      for (const { label, value } of secrets) terminal.print(`  ${label}, shown once: ${terminal.paint('bold', value)}`)
    },
    progress: () => {},
    signal: new AbortController().signal,
    now: Date.now,
  }
}
