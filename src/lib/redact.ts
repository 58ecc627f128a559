// Hides secrets in configuration before anybody but the gateway sees it: `***` in their place. A change that still holds `***` means "as it is".
//
// What is secret is known by place, not guessed from values: the fields that each plugin encrypts, private keys of certificates, the access
// data of secret managers. What is named like a secret is hidden too, wherever it stands (a member, a header in one line or in two members, what a
// condition compares with), and of every address what in it is secret.

import { isReference } from './reference.ts'
import { hideInLine, isSecretName, isSecretVariable, restoreLine, secretInLine } from './secret-names.ts'
import { isCut, isListCut, isShownOf, MAX_SHOWN_ITEMS } from './text.ts'
import { HIDDEN, hideInUrls, holdsHiddenInUrl, restoreUrl, secretsInUrls } from './url-secrets.ts'

/** Fields that plugins keep secret, by plugin. A test holds this against the plugins' own `encrypted` lists. */
const PLUGIN_SECRETS: Record<string, string[]> = {
  'key-auth': ['key'],
  'basic-auth': ['password'],
  'jwt-auth': ['secret', 'private_key'],
  'hmac-auth': ['secret_key'],
  'jwe-decrypt': ['secret'],
  'ldap-auth': ['user_dn'],
  csrf: ['key'],
  'openid-connect': [
    'client_secret',
    'client_rsa_private_key',
    'dpop.private_key',
    'session.secret',
    'session.redis.password',
    'proxy_opts.http_proxy_authorization',
    'proxy_opts.https_proxy_authorization',
  ],
  'kafka-logger': ['brokers.sasl_config.password'],
  'elasticsearch-logger': ['auth.password', 'headers'],
  'loki-logger': ['headers'],
  'limit-count': ['redis_password', 'sentinel_password'],
  'limit-conn': ['redis_password', 'sentinel_password'],
  workflow: ['rules.actions.redis_password', 'rules.actions.sentinel_password'],
  'traffic-split': ['rules.weighted_upstreams.upstream.tls.client_key'],
  'limit-req': ['redis_password', 'sentinel_password'],
}

/** A copy of a resource in which every secret is `***`. `kind` is the Admin API's: `routes`, `consumers`, `ssls`, ... */
export function redact<T>(kind: string, value: T): T {
  return walk(value, (path) => isSecret(kind, path), []) as T
}

/** True for the place of a secret: the member names from the resource down. */
export function isSecret(kind: string, path: readonly string[]): boolean {
  const name = path[path.length - 1] as string
  if (isSecretName(name)) return true
  if (kind === 'ssls' && (name === 'key' || path.includes('keys'))) return true
  const plugins = path.lastIndexOf('plugins')
  const plugin = plugins >= 0 ? path[plugins + 1] : undefined
  if (plugin === undefined) return false
  // The ai-* plugins hold the provider's access data as headers and query arguments of any name.
  if (plugin.startsWith('ai-') && path.includes('auth', plugins)) return true
  const inside = path
    .slice(plugins + 2)
    .filter((one) => !/^\d+$/.test(one))
    .join('.')
  return PLUGIN_SECRETS[plugin]?.some((secret) => inside === secret || inside.startsWith(`${secret}.`)) ?? false
}

function walk(value: unknown, secret: (path: string[]) => boolean, path: string[]): unknown {
  if (Array.isArray(value)) {
    const hidden = comparedWith(value)
    return value.map((item, i) => (i === hidden ? hideAll(item) : walk(item, secret, [...path, String(i)])))
  }
  if (value === null || typeof value !== 'object') {
    if (path.length > 0 && value !== '' && secret(path) && !isReference(value)) return HIDDEN
    return typeof value === 'string' ? hideInText(value) : value
  }
  const { key, name: named } = value as Record<string, unknown>
  const holds = [key, named].some((one) => typeof one === 'string' && isSecretName(one))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      holds && name === 'value' ? hideAll(member) : walk(member, secret, [...path, name]),
    ]),
  )
}

/** The place in a condition (`["http_apikey", "==", "..."]`) of what a secret is compared with; -1 in any other list. A pattern is no secret. */
function comparedWith(list: readonly unknown[]): number {
  if (list.length < 3 || list.length > 4 || !isSecretVariable(list[0])) return -1
  return typeof list.at(-2) === 'string' && !String(list.at(-2)).startsWith('~~') ? list.length - 1 : -1
}

function hideAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideAll)
  return typeof value === 'string' && value !== '' && !isReference(value) ? HIDDEN : value
}

/** A text in which what is secret of a header line, or of every address, is `***`. */
function hideInText(text: string): string {
  return secretInLine(text) === undefined ? hideInUrls(text) : hideInLine(text)
}

/** What `redact` hides of a text that is not secret as a whole. */
export function secretsInText(text: string): string[] {
  const secret = secretInLine(text)
  return secret === undefined ? secretsInUrls(text) : [secret]
}

/**
 * Puts back what a reader was not shown: wherever `changed` holds `***`, or a text as it was cleaned or cut for showing, it gets what `original` has
 * there. Without an original it stays as it is.
 */
export function restore(changed: unknown, original: unknown): unknown {
  if (changed === HIDDEN) return original === undefined ? HIDDEN : original
  if (original !== undefined && isShown(changed, original)) return original
  if (typeof changed === 'string')
    return typeof original === 'string' ? (restoreLine(changed, original) ?? restoreUrl(changed, original)) : changed
  if (Array.isArray(changed)) return Array.isArray(original) ? restoreList(changed, original) : changed
  if (changed === null || typeof changed !== 'object') return changed
  const from = (original !== null && typeof original === 'object' ? original : {}) as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(changed).map(([name, member]) => [
      name,
      restore(member, Object.hasOwn(from, name) ? from[name] : undefined),
    ]),
  )
}

/** True for what a reader is shown of this original. */
function isShown(shown: unknown, original: unknown): boolean {
  return isShownOf(shown, original) || (typeof original === 'string' && isShownOf(shown, hideInText(original)))
}

/** Items may have been moved, added and taken away. */
function restoreList(changed: unknown[], original: unknown[]): unknown[] {
  const items = isListCut(changed.at(-1)) ? changed.slice(0, -1) : changed
  const restored = items.map((item, i) => {
    if (fits(item, original[i])) return restore(item, original[i])
    if (!holdsUnshown(item)) return item
    return restore(
      item,
      original.find((one) => fits(item, one)),
    )
  })
  return items === changed ? restored : [...restored, ...original.slice(MAX_SHOWN_ITEMS)]
}

function holdsUnshown(value: unknown): boolean {
  if (isHidden(value) || isCut(value)) return true
  return value !== null && typeof value === 'object' && Object.values(value).some(holdsUnshown)
}

/** True when a value holds `***` somewhere that did not stand in the same place before. */
export function holdsHidden(value: unknown, before?: unknown): boolean {
  if (isHidden(value)) return value !== before
  if (value === null || typeof value !== 'object') return false
  const from = (before !== null && typeof before === 'object' ? before : {}) as Record<string, unknown>
  return Object.entries(value).some(([name, member]) =>
    holdsHidden(member, Object.hasOwn(from, name) ? from[name] : undefined),
  )
}

/** True for `***`, and for a header line or an address with it in the place of a secret. */
export function isHidden(value: unknown): boolean {
  return value === HIDDEN || (typeof value === 'string' && (secretInLine(value) === HIDDEN || holdsHiddenInUrl(value)))
}

/** True when a list's item is this original, secrets apart: items may have been moved, and must not swap their secrets. */
function fits(item: unknown, original: unknown): boolean {
  if (item === HIDDEN) return original !== undefined
  if (item === null || typeof item !== 'object')
    return isShown(item, original) || (isHidden(item) && !isHidden(restore(item, original)))
  if (original === null || typeof original !== 'object') return false
  const names = Object.keys(item)
  const from = original as Record<string, unknown>
  return (
    names.length === Object.keys(from).length &&
    names.every((name) => fits((item as Record<string, unknown>)[name], from[name]))
  )
}
