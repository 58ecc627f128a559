// POST /schema/validate/{kind} and /configs/validate: what is wrong with a configuration, without writing it. References are not looked at.
import { isKind, KINDS, type Kind, type Resource } from '../resources/kinds.ts'
import type { Invalid, Validator } from '../resources/validator.ts'
import { asObject } from './body.ts'
import { KIND_RULES } from './kind-rules.ts'
import { type AdminAnswer, json, page, refuse } from './message.ts'

const MAX_ERRORS = 1000

/** Answers /schema/validate/{kind}; `name` is the plural or the singular. */
export function validateOne(name: string | undefined, body: unknown, validator: Validator): AdminAnswer {
  const kind = KINDS.find((candidate) => candidate === name || KIND_RULES[candidate].schemaName === name)
  if (!kind) return page(404, 'Not Found')
  if (body === undefined) return refuse(400, 'missing configurations')
  const resource = asObject(body)
  const invalid = validator.check(kind, idOf(resource), withId(kind, resource))
  return invalid ? refuse(400, invalid.message, { errors: invalid.failures }) : page(200, 'OK')
}

/** Answers /configs/validate: a whole declarative configuration, kind by kind. */
export function validateAll(body: unknown, validator: Validator): AdminAnswer {
  if (body === undefined) return refuse(400, 'invalid request body: empty request body')
  const errors: object[] = []
  for (const [kind, resources] of Object.entries(asObject(body))) {
    if (isKind(kind) && Array.isArray(resources)) errors.push(...validateList(kind, resources, validator))
  }
  if (errors.length === 0) return json(200, {})
  return refuse(400, 'Configuration validation failed', { errors: errors.slice(0, MAX_ERRORS) })
}

function validateList(kind: Kind, resources: unknown[], validator: Validator): object[] {
  const seen = new Set<string>()
  const errors: object[] = []
  for (const [index, item] of resources.entries()) {
    const resource = item !== null && typeof item === 'object' && !Array.isArray(item) ? (item as Resource) : undefined
    const id = resource ? idOf(resource) : ''
    const report = (error: string, failures?: object): void => {
      const named = id === '' ? {} : { resource_id: id }
      errors.push({ resource_type: kind, ...named, index, error, ...(failures ? { failures } : {}) })
    }
    if (!resource) report('invalid configuration: wrong type: expected object')
    else if (id !== '' && seen.has(id)) report(`found duplicate id ${id} in ${kind}`)
    else {
      const invalid = checkListed(kind, id, resource, validator)
      if (invalid) report(invalid.message, invalid.failures)
    }
    seen.add(id)
  }
  return errors
}

/** Credentials stand among the consumers, named `jack/credentials/web`. */
function checkListed(kind: Kind, id: string, resource: Resource, validator: Validator): Invalid | undefined {
  const credential = kind === 'consumers' ? /^([^/]+)\/credentials\/([^/]+)$/.exec(id) : null
  if (!credential) return validator.check(kind, id, withId(kind, resource))
  return validator.check('credentials', `${credential[1]}/${credential[2]}`, { ...resource, id: credential[2] })
}

function idOf(resource: Resource): string {
  const id = resource.id ?? resource.username
  return typeof id === 'string' || typeof id === 'number' ? String(id) : ''
}

/** The Admin API gives an id to what has none; here one is lent, so that its absence is no error. */
function withId(kind: Kind, resource: Resource): Resource {
  return kind === 'consumers' || resource.id !== undefined ? resource : { ...resource, id: 'new' }
}
