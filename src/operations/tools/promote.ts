// Carries configuration from one target to another, as a plan on the other: what is named with all that it refers to. Nothing that only the other
// target has is deleted.
import Type from 'typebox'
import type { Kind, Resource } from '../../resources/kinds.ts'
import { defineOperation, type OperationContext, OperationError } from '../contract.ts'
import { type Found, writable } from '../one-by-one.ts'
import { patchTo } from '../patch.ts'
import { makePlan, type WishedChange } from '../plan.ts'
import { planned, toAnswer } from '../plan-answer.ts'
import type { Target } from '../targets.ts'

/** What refers to what. */
const REFERENCES: [string, Kind][] = [
  ['upstream_id', 'upstreams'],
  ['service_id', 'services'],
  ['plugin_config_id', 'plugin_configs'],
  ['group_id', 'consumer_groups'],
]
/** Certificates are not among them: an Admin API does not give their private keys. */
const CARRIED = [
  'routes',
  'services',
  'upstreams',
  'consumers',
  'consumer_groups',
  'plugin_configs',
  'global_rules',
  'plugin_metadata',
  'protos',
  'stream_routes',
] as const

export const promote = defineOperation({
  name: 'promote',
  title: 'Promote to another target',
  summary: 'Plans to make resources on `to` what they are on `from`, with what they refer to; then call apply.',
  effect: 'plan',
  input: Type.Object({
    to: Type.String(),
    from: Type.Optional(Type.String({ description: 'embedded when absent' })),
    kind: Type.Optional(Type.Enum([...CARRIED], { default: 'routes' })),
    ids: Type.Optional(Type.Array(Type.String(), { description: 'all when absent' })),
    nodes: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'host:port on `from` to host:port on `to`' }),
    ),
  }),
  output: planned,
  async run(input, ctx) {
    const [source, goal] = targets(input.from, input.to, ctx)
    const kind = input.kind ?? 'routes'
    const wanted = await gather(source, kind, input.ids)
    const changes: WishedChange[] = []
    for (const one of wanted) {
      const value = rename(writable(one.value), input.nodes ?? {})
      const there = await goal.admin.get(one.kind, one.id)
      changes.push(
        there
          ? { action: 'change', kind: one.kind, id: one.id, set: patchTo(value, writable(there.value)) }
          : { action: 'create', kind: one.kind, id: one.id, set: value },
      )
    }
    const notes = input.nodes ? [] : ['the addresses of upstreams are carried as they are; `nodes` would change them']
    const summary = `promote ${wanted.length} resources from ${source.name} to ${goal.name}`
    return toAnswer(await makePlan({ target: goal, changes, summary, notes }, ctx))
  },
})

function targets(from: string | undefined, to: string, ctx: OperationContext): [Target, Target] {
  const source = ctx.targets.get(from ?? 'embedded', ctx.signal)
  const goal = ctx.targets.get(to, ctx.signal)
  if (source.name === goal.name)
    throw new OperationError('invalid', `from and to are both ${goal.name}; name two targets`)
  return [source, goal]
}

/** The named resources and, before each, what it refers to. */
async function gather(source: Target, kind: Kind, ids: string[] | undefined): Promise<Found[]> {
  const all = await source.admin.list(kind)
  const named = ids ? ids.map((id) => all.find((one) => one.id === id) ?? missing(kind, id, source, all)) : all
  if (!named.length) throw new OperationError('not_found', `${source.name} has no ${kind}`)
  const gathered = new Map<string, Found>()
  for (const one of named) await add(one, source, gathered)
  return [...gathered.values()]
}

async function add(one: Found, source: Target, gathered: Map<string, Found>): Promise<void> {
  for (const [field, kind] of REFERENCES) {
    const id = one.value[field]
    if (id === undefined || gathered.has(`${kind}/${id}`)) continue
    const found = await source.admin.get(kind, String(id))
    if (found) await add(found, source, gathered)
  }
  gathered.set(`${one.kind}/${one.id}`, one)
}

function missing(kind: Kind, id: string, source: Target, all: readonly Found[]): never {
  throw new OperationError(
    'not_found',
    `there is no ${kind}/${id} on ${source.name}; there are: ${
      all
        .slice(0, 20)
        .map((one) => one.id)
        .join(', ') || 'none'
    }`,
  )
}

function rename(value: Resource, names: Record<string, string>): Resource {
  if (!Object.keys(names).length) return value
  const upstreams = [value, value.upstream as Resource | undefined].filter(
    (one) => one?.nodes !== undefined,
  ) as Resource[]
  const copy = structuredClone(value)
  for (const one of upstreams) {
    const place = one === value ? copy : (copy.upstream as Resource)
    place.nodes = renameNodes(one.nodes, names)
  }
  return copy
}

function renameNodes(nodes: unknown, names: Record<string, string>): unknown {
  if (!Array.isArray(nodes))
    return Object.fromEntries(
      Object.entries(nodes as object).map(([address, weight]) => [names[address] ?? address, weight]),
    )
  return nodes.map((node: { host: string; port?: number }) => {
    const [host, port] = (names[`${node.host}:${node.port}`] ?? '').split(/:(?=\d+$)/)
    return host ? { ...node, host, port: Number(port) } : node
  })
}
