// A route in a few sentences, for who asks what it does: what it takes, where it leads, who may call and how often.
import { pluginsIn, type Resource } from '../../resources/kinds.ts'

type Conf = Record<string, unknown>

/** What plugins mean to a person; those without words are named. */
const MEANINGS: Record<string, (conf: Conf) => string> = {
  'key-auth': ({ header }) => `asks for an API key${header ? ` in ${header}` : ''}`,
  'jwt-auth': () => 'asks for a JWT',
  'basic-auth': () => 'asks for a user name and a password',
  'limit-count': ({ count, time_window: seconds, rules }) =>
    rules ? `has ${(rules as unknown[]).length} limits` : `takes ${count} requests in ${seconds} s`,
  'limit-req': ({ rate, burst }) => `takes ${rate} requests a second evenly${burst ? `, bursts of ${burst}` : ''}`,
  'limit-conn': ({ conn }) => `takes ${conn} requests at the same time`,
  'ip-restriction': ({ whitelist, blacklist }) => restriction(whitelist, blacklist),
  'consumer-restriction': ({ whitelist, blacklist }) => restriction(whitelist, blacklist),
  'ua-restriction': ({ denylist }) => restriction(undefined, denylist),
  cors: ({ allow_origins: origins = 'every origin' }) => `allows browsers of ${origins}`,
  'proxy-cache': ({ cache_ttl: seconds }) => `caches answers${seconds ? ` for ${seconds} s` : ''}`,
  'traffic-split': () => 'splits its requests between versions',
  mocking: ({ response_status: status = 200 }) => `answers by itself with ${status}`,
  redirect: ({ uri, http_to_https: https }) => (https ? 'redirects to https' : `redirects to ${uri}`),
  'client-control': ({ max_body_size: bytes }) => `takes bodies of at most ${bytes} bytes`,
}

function restriction(only: unknown, never: unknown): string {
  return Array.isArray(only)
    ? `lets only ${only.join(', ')} call`
    : `refuses ${Array.isArray(never) ? never.join(', ') : 'some'}`
}

export function routeInWords(id: string, route: Resource): string {
  const plugins = Object.entries(pluginsIn(route))
  const asks = plugins.some(([name]) => /-auth$|^openid-connect$/.test(name))
  const does = plugins.flatMap(([name, conf]) => (MEANINGS[name] ? [MEANINGS[name](conf) + sometimes(conf)] : []))
  const others = plugins.map(([name]) => name).filter((name) => !MEANINGS[name])
  if (!asks) does.push('does not ask by itself who is calling')
  return [
    `Route ${id} serves ${[route.methods, route.host ?? route.hosts, route.uri ?? route.uris].flat().filter(Boolean).join(' ')}${leadsTo(route)}.`,
    `It ${list(does)}.`,
    ...(others.length ? [`It also runs ${list(others)}.`] : []),
    ...(route.vars ? ['It takes only requests that meet a condition.'] : []),
    ...(route.status === 0 ? ['It is disabled.'] : []),
  ].join(' ')
}

export function consumerInWords(id: string, consumer: Resource): string {
  const plugins = Object.entries((consumer.plugins ?? {}) as Record<string, Conf>)
  const ways = plugins.map(([name]) => name).filter((name) => name.endsWith('-auth'))
  const own = plugins.filter(([name]) => !ways.includes(name))
  const does = own.map(
    ([name, conf]) =>
      (name.startsWith('limit-') ? MEANINGS[name]?.(conf).replace(/^takes/, 'gets') : undefined) ??
      `has ${name} of its own`,
  )
  return [
    `Consumer ${id} signs in with ${list(ways) || 'nothing that stands in it'}; its secrets are hidden.`,
    does.length ? `It ${list(does)}.` : 'It has no limit of its own.',
    ...(consumer.group_id === undefined ? [] : [`It belongs to group ${String(consumer.group_id)}.`]),
  ].join(' ')
}

export function upstreamInWords(id: string, upstream: Resource): string {
  const { timeout, retries, type = 'roundrobin', checks } = upstream as Record<string, unknown>
  const read = (timeout as { read?: number } | undefined)?.read
  return [
    `Upstream ${id}${leadsTo({ upstream }).replace(' and', '') || ' has no nodes written down'}, chosen by ${String(type)}.`,
    ...(retries === undefined ? [] : [`It tries ${String(retries)} more times.`]),
    ...(read === undefined ? [] : [`It waits ${read} s for an answer.`]),
    checks ? 'Its nodes are checked.' : 'Its nodes are not checked.',
  ].join(' ')
}

function sometimes({ _meta: meta }: Conf): string {
  return (meta as Conf | undefined)?.filter ? ' (of some requests)' : ''
}

function leadsTo(route: Resource): string {
  const { nodes } = (route.upstream ?? {}) as { nodes?: unknown }
  if (Array.isArray(nodes))
    return ` and leads to ${list(nodes.map(({ host, port }) => (port ? `${host}:${port}` : host)))}`
  if (nodes) return ` and leads to ${list(Object.keys(nodes))}`
  const elsewhere = ['upstream_id', 'service_id'].find((name) => route[name] !== undefined)
  return elsewhere ? ` and leads to ${elsewhere.replace('_id', '')} ${route[elsewhere]}` : ''
}

function list(words: readonly string[]): string {
  return words.length > 1 ? `${words.slice(0, -1).join(', ')} and ${words.at(-1)}` : (words[0] ?? '')
}
