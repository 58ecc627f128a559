// What ADC (`adc sync`, `dump`, `validate`, also inside APISIX's ingress controller) asks of an Admin API and reads of its answers, in its order:
// https://github.com/api7/adc, libs/backend-apisix.
import { type Answered, type Call, type Json, values } from './serve.ts'

const SERVICE_LABEL = '__ADC_UPSTREAM_SERVICE_ID'
const CREDENTIALS = ['key-auth', 'basic-auth', 'jwt-auth', 'hmac-auth']

/** ADC's form of a configuration, as far as these tests use it. Ids are given: ADC derives them from names. */
export interface Declared {
  services: Service[]
  consumers: Consumer[]
  ssls: Ssl[]
  global_rules: Json
  plugin_metadata: Json
}
interface Service {
  id: string
  name: string
  description?: string
  labels?: Json
  hosts?: string[]
  plugins?: Json
  upstream: Json
  /** Beside the one above: for traffic-split. */
  upstreams?: (Json & { id: string })[]
  routes?: Route[]
  stream_routes?: { id: string; name: string; server_port: number }[]
}
interface Route {
  id: string
  name: string
  uris: string[]
  methods?: string[]
  plugins?: Json
  priority?: number
}
interface Consumer {
  username: string
  description?: string
  plugins?: Json
  credentials?: { id: string; name: string; type: string; config: Json }[]
}
interface Ssl {
  id: string
  snis: string[]
  certificates: { certificate: string; key?: string }[]
}

type Write = [path: string, body: Json | undefined]

/** ADC stops at the first status of 400 or more, with the answer's `error_msg`. */
function checked(answer: Answered): Answered {
  if (answer.status >= 400) throw new Error(String(answer.data.error_msg ?? JSON.stringify(answer.data)))
  return answer
}

/** The version that it takes the gateway for: the newest, unless the Server header names an APISIX. */
export async function version(call: Call): Promise<string> {
  const server = checked(await call('GET', '/routes')).headers.get('server') ?? ''
  return /APISIX\/(.*)/.exec(server)?.[1] ?? '999.999.999'
}

export async function dump(call: Call): Promise<Declared> {
  const list = async (kind: string): Promise<Json[]> => values(checked(await call('GET', `/${kind}`)))
  const [services, routes, upstreams, ssls, consumers, , rules, metadata, streams] = await Promise.all([
    list('services'),
    list('routes'),
    list('upstreams'),
    list('ssls'),
    list('consumers'),
    list('plugin_configs'),
    list('global_rules'),
    call('GET', '/plugin_metadata').then(checked),
    call('GET', '/stream_routes').then((answer) => (answer.status >= 400 ? [] : values(answer))),
  ])
  const credentials = await Promise.all(
    consumers.map(async ({ username }) => {
      const answer = await call('GET', `/consumers/${username}/credentials`)
      return answer.status === 404 ? undefined : values(answer)
    }),
  )
  const named = (metadata.data.list as { key: string; value: Json }[]).map(({ key, value }) => {
    const { id: _id, ...rest } = value
    return [key.split('/').pop(), rest]
  })
  return {
    services: services.map((service) => toService(service, routes, streams, upstreams)),
    consumers: consumers.map((consumer, i) => toConsumer(consumer, credentials[i] ?? [])),
    ssls: ssls.map(({ id, snis, cert, key }) => ({
      id: String(id),
      snis: snis as string[],
      certificates: [{ certificate: String(cert), ...(key === undefined ? {} : { key: String(key) }) }],
    })),
    global_rules: Object.fromEntries(rules.flatMap(({ plugins }) => Object.entries(plugins ?? {}))),
    plugin_metadata: Object.fromEntries(named),
  }
}

function toService(service: Json, routes: Json[], streams: Json[], upstreams: Json[]): Service {
  const { id, name, desc, labels, hosts, plugins, upstream_id: upstreamId } = service
  const mine = (one: Json): boolean => one.service_id === id
  const main = upstreams.find((one) => one.id === upstreamId) ?? {}
  const others = upstreams.filter((one) => (one.labels as Json | undefined)?.[SERVICE_LABEL] === id)
  return withoutUndefined({
    id,
    name: name ?? id,
    description: desc,
    labels,
    hosts,
    plugins,
    upstream: withoutUndefined({ ...bare(main), id: undefined, name: undefined }),
    upstreams: others.length ? others.map((one) => withoutUndefined({ ...bare(one), labels: undefined })) : undefined,
    routes: orUndefined(
      routes
        .filter(mine)
        .map(({ id, name, uri, uris, methods, plugins, priority }) =>
          withoutUndefined({ id, name: name ?? id, uris: uri ? [uri] : uris, methods, plugins, priority }),
        ),
    ),
    stream_routes: orUndefined(
      streams.filter(mine).map(({ id, labels, server_port }) => ({
        id,
        name: (labels as Json).__ADC_NAME,
        server_port,
      })),
    ),
  }) as unknown as Service
}

function toConsumer(consumer: Json, credentials: Json[]): Consumer {
  const own = credentials.map(({ id, name, plugins }) => {
    const [type, config] = Object.entries(plugins as Json)[0] ?? []
    return { id, name, type, config }
  })
  return withoutUndefined({
    username: consumer.username,
    description: consumer.desc,
    plugins: consumer.plugins,
    credentials: orUndefined(own.filter(({ type }) => CREDENTIALS.includes(String(type)))),
  }) as unknown as Consumer
}

function bare({ create_time: _created, update_time: _updated, ...rest }: Json): Json {
  return rest
}

function withoutUndefined(value: Json): Json {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined))
}

function orUndefined<T>(list: T[]): T[] | undefined {
  return list.length > 0 ? list : undefined
}

/** Every resource of a configuration by path, upstreams before the services that name them. */
function writesOf(config: Declared): Write[] {
  return [
    ...config.ssls.map(toSsl),
    ...config.services.flatMap((service) => [...toUpstreams(service), toServiceWrite(service)]),
    ...config.services.flatMap((service) => (service.routes ?? []).map((route) => toRoute(route, service.id))),
    ...config.services.flatMap(({ id: service_id, stream_routes: routes = [] }) =>
      routes.map(({ id, name, server_port }): Write => {
        return [`/stream_routes/${id}`, { labels: { __ADC_NAME: name }, server_port, service_id }]
      }),
    ),
    ...config.consumers.flatMap(({ username, description, plugins, credentials = [] }): Write[] => [
      [`/consumers/${username}`, withoutUndefined({ username, desc: description, plugins })],
      ...credentials.map(({ id, name, type, config }): Write => {
        return [`/consumers/${username}/credentials/${id}`, { id, name, plugins: { [type]: config } }]
      }),
    ]),
    ...Object.entries(config.global_rules).map(([plugin, conf]): Write => {
      return [`/global_rules/${plugin}`, { plugins: { [plugin]: conf } }]
    }),
    ...Object.entries(config.plugin_metadata).map(([plugin, conf]): Write => {
      return [`/plugin_metadata/${plugin}`, conf as Json]
    }),
  ]
}

function toSsl({ id, snis, certificates }: Ssl): Write {
  const [first] = certificates
  return [`/ssls/${id}`, { id, status: 1, snis, cert: first?.certificate, key: first?.key }]
}

function toUpstreams({ id, name, upstream, upstreams = [] }: Service): Write[] {
  const others = upstreams.map((one): Write => [`/upstreams/${one.id}`, { ...one, labels: { [SERVICE_LABEL]: id } }])
  return [[`/upstreams/${id}`, { ...upstream, id, name }], ...others]
}

function toServiceWrite({ id, name, description, labels, hosts, plugins }: Service): Write {
  return [`/services/${id}`, withoutUndefined({ id, name, desc: description, labels, upstream_id: id, plugins, hosts })]
}

function toRoute(route: Route, service: string): Write {
  return [`/routes/${route.id}`, { ...route, service_id: service, status: 1 }]
}

/** Deletes what is not wanted any more, what names others first; then writes what is new or differs. The paths, in order. */
export async function sync(call: Call, before: Declared, wanted: Declared): Promise<string[]> {
  const old = new Map(writesOf(before))
  const fresh = new Map(writesOf(wanted))
  const done: string[] = []
  for (const [path] of [...old].reverse()) {
    if (fresh.has(path)) continue
    checked(await call('DELETE', path))
    done.push(`DELETE ${path}`)
  }
  for (const [path, body] of fresh) {
    if (JSON.stringify(old.get(path)) === JSON.stringify(body)) continue
    const { data } = checked(await call('PUT', path, body))
    if (!data.value) throw new Error(`${path}: the answer has no value`)
    done.push(`PUT ${path}`)
  }
  return done
}

/** `adc validate`: the answer's errors, each with the name of its resource. */
export async function validate(call: Call, wanted: Declared): Promise<{ name: string; error: string }[]> {
  const body: Record<string, Json[]> = {}
  for (const [path, value] of writesOf(wanted)) {
    const [, kind = '', id] = path.split('/')
    if (path.includes('/credentials/')) continue
    body[kind] ??= []
    body[kind].push(kind === 'plugin_metadata' ? { id, ...value } : (value as Json))
  }
  const { status, data } = await call('POST', '/configs/validate', body)
  if (status === 200) return []
  const errors = data.errors as { resource_type: string; index: number; error: string }[]
  return errors.map(({ resource_type: kind, index, error }) => ({ name: String(body[kind]?.[index]?.name), error }))
}
