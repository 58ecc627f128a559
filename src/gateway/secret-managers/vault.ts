// HashiCorp Vault and what speaks its API: the key-value engine, version 1, and version 2 when the prefix names its `data` path
// (`kv/data`). APISIX reads version 1 only.
import { isObject } from '../../lib/is-object.ts'
import { ask, encodePath, type FetchSecret, NoSuchSecret, parseObject } from './contract.ts'

/** GET {uri}/v1/{prefix}/{name} with the token. */
export const fetchFromVault: FetchSecret = async (conf, name, deps) => {
  const uri = String(conf.uri).replace(/\/+$/, '')
  const url = `${uri}/v1/${encodePath(String(conf.prefix))}/${encodePath(name)}`
  const headers: Record<string, string> = { 'X-Vault-Token': String(conf.token) }
  if (conf.namespace !== undefined) headers['X-Vault-Namespace'] = String(conf.namespace)
  const { status, body } = await ask(deps, url, { headers })
  if (status === 404) throw new NoSuchSecret(`it has no secret at ${new URL(url).pathname}`)
  if (status !== 200) throw new Error(`it answered ${status} for ${new URL(url).pathname}`)
  const { data } = parseObject(body, 'its answer')
  if (!isObject(data)) throw new Error('its answer has no data')
  return isObject(data.data) && isObject(data.metadata) ? data.data : data
}
