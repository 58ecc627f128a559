// POST /schema/validate/{kind} and /configs/validate: what is wrong with a configuration, without writing it. References are not looked at.
import { isKind, KINDS, type Kind, type Resource } from '../resources/kinds.ts'
import type { Invalid, Validator } from '../resources/validator.ts'
import { typeName } from '../resources/wording.ts'
import { asObject } from './body.ts'
import { KIND_RULES } from './kind-rules.ts'
import { type AdminAnswer, json, refuse } from './message.ts'

const MAX_ERRORS = 1000
const VERSION = '_conf_version'

/** Answers /schema/validate/{kind}; `name` is the plural or the singular. */
export function validateOne(name: string | undefined, body: unknown, validator: Validator): AdminAnswer {
  const kind = KINDS.find((candidate) => candidate === name || KIND_RULES[candidate].schemaName === name)
  if (!kind) return refuse(404, `Unsupported resource type: ${name ?? ''}`)
  if (body === undefined) return refuse(400, 'missing configurations')
  const resource = asObject(body)
  const invalid = validator.check(kind, idOf(resource), withId(kind, resource))
  if (!invalid) return json(200, {})
  // Only here does APISIX say it without these words.
  return refuse(400, invalid.message.replace(/^invalid configuration: /, ''), { errors: invalid.failures })
}

/** Answers /configs/validate: a whole declarative configuration, kind by kind. */
export function validateAll(body: unknown, validator: Validator): AdminAnswer {
  if (body === undefined) return refuse(400, 'invalid request body: empty request body')
  const problems = findProblems(asObject(body), validator)
  if (problems.length === 0) return json(200, {})
  return refuse(400, 'Configuration validation failed', { errors: problems.map(({ report }) => report) })
}

export interface Problem {
  report: { resource_type: string; resource_id?: string; index?: number; error: string; failures?: object }
  /** In one sentence, for who is told one only. */
  message: string
}

/** What is wrong with a whole configuration, at most 1000 things; references are not looked at. */
export function findProblems(document: Resource, validator: Validator): Problem[] {
  const problems: Problem[] = []
  for (const [name, value] of Object.entries(document)) {
    const problem = name.endsWith(VERSION) ? checkVersion(name, value) : undefined
    if (problem) problems.push(problem)
    if (isKind(name) && Array.isArray(value)) problems.push(...validateList(name, value, validator))
  }
  return problems.slice(0, MAX_ERRORS)
}

function checkVersion(name: string, version: unknown): Problem | undefined {
  const kind = name.slice(0, -VERSION.length)
  if (typeof version === 'number' || !(isKind(kind) || kind === 'plugins')) return undefined
  const message = `${name} must be a number`
  return { message, report: { resource_type: kind, error: `${message}, got ${typeName(version)}` } }
}

function validateList(kind: Kind, resources: unknown[], validator: Validator): Problem[] {
  const seen = new Set<string>()
  const problems: Problem[] = []
  for (const [index, item] of resources.entries()) {
    const resource = item !== null && typeof item === 'object' && !Array.isArray(item) ? (item as Resource) : undefined
    const id = resource ? idOf(resource) : ''
    const report = (error: string, failures?: object, message = `invalid ${kind} at index ${index}, err: ${error}`) => {
      const named = id === '' ? {} : { resource_id: id }
      problems.push({ message, report: { resource_type: kind, ...named, index, error, ...(failures && { failures }) } })
    }
    if (!resource) report('invalid configuration: wrong type: expected object')
    else if (id !== '' && seen.has(id)) {
      const error = `found duplicate ${nameOfId(kind, resource)} ${id} in ${kind}`
      report(error, undefined, error)
    } else {
      const invalid = checkListed(kind, id, resource, validator)
      if (invalid) report(invalid.message, invalid.failures)
    }
    seen.add(id)
  }
  return problems
}

function nameOfId(kind: Kind, { id }: Resource): string {
  if (kind !== 'consumers') return 'id'
  return id === undefined ? 'username' : 'credential id'
}

/** Credentials stand among the consumers, named `jack/credentials/web`. */
function checkListed(kind: Kind, id: string, resource: Resource, validator: Validator): Invalid | undefined {
  if (kind === 'secrets' && !id.includes('/')) return noManager(id)
  const credential = kind === 'consumers' ? /^([^/]+)\/credentials\/([^/]+)$/.exec(id) : null
  if (!credential) return validator.check(kind, id, withId(kind, resource))
  return validator.check('credentials', `${credential[1]}/${credential[2]}`, { ...resource, id: credential[2] })
}

function noManager(id: string): Invalid {
  const failure = { pointer: '/id', found: JSON.stringify(id), expected: 'manager and id, such as vault/1' }
  return { message: `invalid secret id: ${id}`, failures: [failure] }
}

function idOf(resource: Resource): string {
  const id = resource.id ?? resource.username
  return typeof id === 'string' || typeof id === 'number' ? String(id) : ''
}

/** The Admin API gives an id to what has none; here one is lent, so that its absence is no error. */
function withId(kind: Kind, resource: Resource): Resource {
  return kind === 'consumers' || resource.id !== undefined ? resource : { ...resource, id: 'new' }
}
