// Fields that the target's schemas do not name, in resources and in their plugins: the Admin API takes most of them and nothing reads them, so that
// `cuont` is a limit that is not there. Plans warn of those that they bring, the linter finds those that stand there.
import { isObject } from '../../lib/is-object.ts'
import { plainText } from '../../lib/text.ts'
import { Shape, type UnknownField } from '../../lib/unknown-fields.ts'
import { type Kind, pluginsIn, type Resource } from '../../resources/kinds.ts'
import { SECRET_SCHEMAS } from '../../resources/schemas.ts'
import type { AdminClient } from '../admin-client.ts'
import type { PlannedChange } from '../plan.ts'
import type { Found, Rule } from './contract.ts'
import { type IdleField, idleInPlugin, idleInUpstream } from './idle-fields.ts'

interface Named {
  kind: Kind
  id: string
  value: Resource
}

/** A value with the schemas that tell its fields, the first of which the target has, and what tells those that do nothing there. */
interface Part {
  path: string
  schemas: readonly string[]
  value: unknown
  idle?: (value: unknown) => IdleField[]
}

/** A field that nothing reads. */
interface Unread extends UnknownField {
  /** What would have to be for it to be read. */
  unless?: string
}

/** Schemas that are asked for at a time. */
const AT_ONCE = 8
/** Fields of one resource that are told. */
const MAX_TOLD = 5
const OF_METADATA = '?schema_type=metadata'

/** The schemas of a target, as far as some resources need them. */
export class FieldSchemas {
  readonly #shapes: ReadonlyMap<string, Shape>

  constructor(schemas: ReadonlyMap<string, object>) {
    this.#shapes = new Map([...schemas].map(([name, schema]) => [name, shapeOf(schema)]))
  }

  static async read(admin: AdminClient, resources: Iterable<Named>): Promise<FieldSchemas> {
    const schemas = new Map<string, object>(Object.entries(SECRET_SCHEMAS))
    const wanted = new Set([...resources].flatMap((one) => partsOf(one).flatMap((part) => part.schemas)))
    const waiting = [...wanted].filter((name) => !schemas.has(name))
    const ask = async (): Promise<void> => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        const schema = await readSchema(admin, name)
        if (schema) schemas.set(name, schema)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, ask))
    return new FieldSchemas(schemas)
  }

  unknownIn(resource: Named): Unread[] {
    return partsOf(resource).flatMap((part) => {
      const shape = part.schemas.map((name) => this.#shapes.get(name)).find((one) => one !== undefined)
      return [...(shape?.unknownIn(part.value, part.path) ?? []), ...idleIn(part)]
    })
  }
}

/** Of schemas that are kept: what is known of one is kept with it. */
const shapes = new WeakMap<object, Shape>()

function shapeOf(schema: object): Shape {
  const shape = shapes.get(schema) ?? new Shape(schema)
  shapes.set(schema, shape)
  return shape
}

function idleIn({ path, value, idle }: Part): Unread[] {
  const found = idle?.(value) ?? []
  return found.map(({ name, unless }) => ({ path: path === '' ? name : `${path}.${name}`, meant: undefined, unless }))
}

/** An APISIX has no word on the metadata of a plugin: it answers with the schema of the plugin itself. */
async function readSchema(admin: AdminClient, name: string): Promise<object | undefined> {
  const schema = await admin.schema(name)
  if (!schema || !name.endsWith(OF_METADATA)) return schema
  const own = await admin.schema(name.slice(0, -OF_METADATA.length))
  return JSON.stringify(own) === JSON.stringify(schema) ? undefined : schema
}

function partsOf({ kind, id, value }: Named): Part[] {
  if (kind === 'secrets') return [{ path: '', schemas: [id.split('/', 1)[0] as string], value }]
  if (kind === 'plugin_metadata') return ofPlugin(id, [OF_METADATA], '', value).map(({ idle: _, ...part }) => part)
  const own: Part = { path: '', schemas: [kind.replace(/s$/, '')], value }
  if (kind === 'upstreams') own.idle = idleInUpstream
  const upstream: Part = { path: 'upstream', schemas: [], value: value.upstream, idle: idleInUpstream }
  const queries: Partial<Record<Kind, string[]>> = {
    consumers: ['?schema_type=consumer', ''],
    credentials: ['?schema_type=consumer', ''],
    stream_routes: ['?subsystem=stream'],
  }
  const plugins = Object.entries(pluginsIn(value)).flatMap(([name, conf]) => [
    ...ofPlugin(name, queries[kind] ?? [''], name, conf),
    ...withinPlugin(name, conf),
  ])
  return [own, upstream, ...plugins]
}

function ofPlugin(name: string, queries: readonly string[], path: string, value: unknown): Part[] {
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name)) return []
  const schemas = queries.map((query) => `plugins/${name}${query}`)
  return [{ path, schemas, value, idle: (conf) => idleInPlugin(name, conf) }]
}

/** Configurations of other plugins that stand in a plugin's own. */
function withinPlugin(name: string, conf: Resource): Part[] {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
  if (name === 'multi-auth')
    return list(conf.auth_plugins).flatMap((way) =>
      Object.entries(isObject(way) ? way : {}).flatMap(([one, own]) => ofPlugin(one, [''], `${name}.${one}`, own)),
    )
  if (name !== 'workflow') return []
  const actions = list(conf.rules).flatMap((rule) => (isObject(rule) ? list(rule.actions) : []))
  return actions.flatMap((action) => {
    const [one, own] = list(action)
    return typeof one === 'string' ? ofPlugin(one, [''], `${name}.${one}`, own) : []
  })
}

export const unknownField: Rule = {
  name: 'unknown-field',
  severity: 'medium',
  find: ({ inventory, credentials, fields }) =>
    [...inventory.all(), ...credentials.found].flatMap((one): Found[] => {
      const unknown = fields.unknownIn(one)
      if (!unknown.length) return []
      const known = unknown.every(({ unless }) => unless !== undefined)
      const advice = known
        ? 'take it out, or set what makes it count'
        : 'write the name as it is meant, or take it out: the gateway knows no such field'
      return [
        {
          resource: `${one.kind}/${one.id}`,
          problem: tell(unknown),
          advice,
          ...(known && { severity: 'low' as const }),
        },
      ]
    }),
}

/** Warnings of a plan: of the unknown fields that its changes bring. */
export async function warnOfUnknownFields(changes: readonly PlannedChange[], admin: AdminClient): Promise<string[]> {
  const written = changes.flatMap(({ kind, id, before, after }) => (after ? [{ kind, id, before, value: after }] : []))
  const fields = await FieldSchemas.read(admin, written)
  return written.flatMap(({ before, ...one }) => {
    const there = new Set(before && fields.unknownIn({ ...one, value: before }).map(({ path }) => path))
    const brought = fields.unknownIn(one).filter(({ path }) => !there.has(path))
    return brought.length ? [`${one.kind}/${one.id}: ${tell(brought)}`] : []
  })
}

function tell(unknown: readonly Unread[]): string {
  const told = unknown.slice(0, MAX_TOLD).map(({ path, meant, unless }) => {
    const name = plainText(path, 100)
    if (unless !== undefined) return `${name} (unless ${unless})`
    return meant === undefined ? name : `${name} (did you mean ${meant}?)`
  })
  const more = unknown.length - told.length
  return `nothing reads ${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
