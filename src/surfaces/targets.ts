// The gateways that the settings name, as the operations know them.
import { reachable } from '../lib/address.ts'
import { readNamedFile } from '../lib/system-error.ts'
import { type TargetSettings, Targets } from '../operations/targets.ts'
import type { Rollups } from '../operations/traffic/rollups.ts'
import type { Settings } from '../settings/schema.ts'
import { ownAdminFetch } from './own-admin.ts'

/** Where Gateward and APISIX serve their metrics. */
const METRICS_PATH = '/apisix/prometheus/metrics'

/** The embedded gateway and the targets of the settings. `key`: the admin key of the embedded one, which may change. `rollups`: where their traffic is kept. */
export function toTargets(settings: Settings, key: () => string, env: NodeJS.ProcessEnv, rollups?: Rollups): Targets {
  const embedded: TargetSettings = {
    name: 'embedded',
    adminUrl: `${settings.admin.tls.cert_file ? 'https' : 'http'}://${reachable(settings.admin.listen)}`,
    adminFetch: ownAdminFetch(settings.admin.tls),
    get adminKey() {
      return key()
    },
    gatewayUrl: `http://${reachable(settings.gateway.http[0] ?? '127.0.0.1:9080')}`,
    metricsUrl:
      settings.metrics.listen === 'off' ? undefined : `http://${reachable(settings.metrics.listen)}${METRICS_PATH}`,
    policy: settings.approvals.policy,
  }
  const others = settings.targets.map((one): TargetSettings => {
    const fromFile = one.key_file && readNamedFile(one.key_file, `key_file of the target ${one.name}`).toString().trim()
    const fromEnvironment = one.key_env === undefined ? undefined : env[one.key_env]
    return {
      name: one.name,
      adminUrl: one.admin_url,
      adminKey: fromFile ?? fromEnvironment ?? '',
      keyTrouble: (fromFile ?? fromEnvironment) ? undefined : troubleOf(one),
      gatewayUrl: one.gateway_url ?? one.admin_url.replace(/:\d+$/, ':9080'),
      metricsUrl: one.metrics_url,
      policy: one.policy,
    }
  })
  // Without its Admin API the embedded gateway cannot be operated: then the others are all there are.
  const own = settings.admin.listen === 'off' ? [] : [embedded]
  return new Targets([...own, ...others], settings.approvals.surfaces, rollups)
}

function troubleOf({ name, key_file: file, key_env: variable }: Settings['targets'][number]): string {
  if (file !== undefined) return `key_file of the target ${name} is ${file}, which is empty; put the key there`
  if (variable !== undefined)
    return `key_env of the target ${name} is ${variable}, which is not set; set it where Gateward is started, then start again`
  return `the target ${name} has neither key_env nor key_file in the settings; add one`
}
