// Settings that are right one by one and contradict each other, so that one of them would do nothing: they are refused at the start.

import { parseAddress } from '../lib/address.ts'
import { hasUsualCiphers } from '../lib/cipher-list.ts'
import type { Settings } from './schema.ts'

interface Contradiction {
  /** Of the setting to change, `targets.0.name`. */
  path: string
  /** What was found, and what is expected. */
  problem: string
}

/** `isSet`: whether a setting, by its path, comes from a source and is no default. */
type Rule = (settings: Settings, isSet: (path: string) => boolean) => Contradiction[]

const RULES: readonly Rule[] = [ciphers, limits, keys, etcdTls, ports, keyPlaces, names, model]

/** Every contradiction; `sources`: where the settings come from that are no defaults. */
export function findContradictions(settings: Settings, sources: ReadonlyMap<string, string>): Contradiction[] {
  return RULES.flatMap((rule) => rule(settings, (path) => sources.has(path)))
}

/** TLS 1.3 always has its suites: a list of others is only about TLS 1.2. */
function ciphers({ gateway }: Settings): Contradiction[] {
  if (!gateway.ssl_protocols.includes('TLSv1.2') || hasUsualCiphers(gateway.ssl_ciphers)) return []
  const problem = 'found only ciphers of TLS 1.3, expected one of TLS 1.2 too, which gateway.ssl_protocols has'
  return [{ path: 'gateway.ssl_ciphers', problem }]
}

function limits({ gateway }: Settings, isSet: (path: string) => boolean): Contradiction[] {
  const path = 'gateway.target_bytes'
  const { target_bytes: target, head_bytes: head } = gateway
  if (target <= head || !isSet(path)) return []
  const problem = `found ${target}, expected at most the bytes of the whole head: gateway.head_bytes is ${head}`
  return [{ path, problem }]
}

function keys({ admin: { key, viewer_key: viewer } }: Settings): Contradiction[] {
  const guessed = 'found "generate", which everybody can guess: leave it out, and a key is made'
  if (key === 'generate') return [{ path: 'admin.key', problem: guessed }]
  if (key === undefined || key !== viewer) return []
  const problem = 'found the key of the role admin, expected another one: a viewer could write'
  return [{ path: 'admin.viewer_key', problem }]
}

function etcdTls({ store, etcd }: Settings): Contradiction[] {
  if (!store.startsWith('etcd://')) return []
  const [name] = Object.keys(etcd.tls)
  const problem = `found a file that TLS needs and the store ${store}, expected etcds://`
  return name === undefined ? [] : [{ path: `etcd.tls.${name}`, problem }]
}

/** A port that another program has is found when it is opened; of two settings with one port the second would seem to find the first one there. */
function ports(settings: Settings): Contradiction[] {
  const { gateway, stream, admin, control, status, metrics, surface } = settings
  const places: [string, string[]][] = [
    ['gateway.http', gateway.http],
    ['gateway.https', gateway.https],
    ['gateway.proxy_protocol.http', gateway.proxy_protocol.http],
    ['gateway.proxy_protocol.https', gateway.proxy_protocol.https],
    ['stream.tcp', stream.tcp],
    ['stream.tls', stream.tls],
    ['admin.listen', [admin.listen]],
    ['control.listen', [control.listen]],
    ['status.listen', [status.listen]],
    ['metrics.listen', [metrics.listen]],
    ['surface.listen', [surface.listen]],
  ]
  const seen: { path: string; text: string }[] = []
  return places.flatMap(([path, list]) =>
    list.flatMap((text) => {
      const other = seen.find((one) => collide(one.text, text))
      seen.push({ path, text })
      if (!other) return []
      const where = other.path === path ? ` beside ${other.text}` : `, which ${other.path} has too`
      return [{ path, problem: `found ${text}${where}, expected another port` }]
    }),
  )
}

const EVERY_ADDRESS = new Set(['0.0.0.0', '::'])

function collide(one: string, another: string): boolean {
  const [a, b] = [parseAddress(one), parseAddress(another)]
  if (!a?.port || a.port !== b?.port) return false
  return a.host === b.host || EVERY_ADDRESS.has(a.host) || EVERY_ADDRESS.has(b.host)
}

function names({ targets, surface }: Settings): Contradiction[] {
  const own = 'expected a name of its own'
  const twice = (path: string, list: { name: string }[]): Contradiction[] =>
    list.flatMap(({ name }, index) =>
      list.findIndex((one) => one.name === name) === index
        ? []
        : [{ path: `${path}.${index}.name`, problem: `found "${name}", which another one has too, ${own}` }],
    )
  const embedded = targets.flatMap(({ name }, index) =>
    name === 'embedded'
      ? [{ path: `targets.${index}.name`, problem: `found "embedded", which is this gateway itself, ${own}` }]
      : [],
  )
  return [...embedded, ...twice('targets', targets), ...twice('surface.tokens', surface.tokens)]
}

function keyPlaces({ targets, surface, model }: Settings): Contradiction[] {
  const holders: [string, { key_env?: string; key_file?: string }][] = [
    ...targets.map((one, index) => [`targets.${index}`, one] as [string, typeof one]),
    ...surface.tokens.map((one, index) => [`surface.tokens.${index}`, one] as [string, typeof one]),
    ['model', model],
  ]
  return holders
    .filter(([, { key_env: variable, key_file: file }]) => variable !== undefined && file !== undefined)
    .map(([path]) => ({ path: `${path}.key_file`, problem: `found ${path}.key_env beside it, expected one of them` }))
}

/** A provider that is `builtin` by a flag or a variable switches off what the file says of another one. */
function model({ model: { provider, ...rest } }: Settings, isSet: (path: string) => boolean): Contradiction[] {
  const [name] = Object.keys(rest)
  if (name !== undefined && !isSet('model.provider')) {
    const problem = 'found no model.provider beside it, expected one of openai, anthropic, google, openai-compatible'
    return [{ path: `model.${name}`, problem }]
  }
  if (provider !== 'openai-compatible') return []
  const needed = { name: 'the name of the model', base_url: 'the address of the server' }
  const missing = (['base_url', 'name'] as const).find((one) => rest[one] === undefined)
  const problem = `found "openai-compatible" and no model.${missing} beside it, expected ${missing && needed[missing]}`
  return missing === undefined ? [] : [{ path: 'model.provider', problem }]
}
