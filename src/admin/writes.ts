// PUT, POST, PATCH and DELETE of one resource: from a request to changes in a draft and the answer that holds once the draft is
// committed. Nothing is written here; `admin.ts` commits one draft for one request, `transaction.ts` one for many.
import { isObject } from '../lib/is-object.ts'
import type { PluginCatalog } from '../resources/catalog.ts'
import { type Resource, toKey } from '../resources/kinds.ts'
import type { Invalid, Validator } from '../resources/validator.ts'
import { asObject } from './body.ts'
import type { Draft } from './draft.ts'
import { KIND_RULES } from './kind-rules.ts'
import { keyNotFound, Refusal, refuse, shownKey } from './message.ts'
import { mergePatch, noContainer, replaceAt } from './patch.ts'
import { checkDelete, checkWrite } from './rules.ts'
import { checkId, type Target } from './target.ts'

export interface WriteRequest {
  method: string
  target: Target
  /** Parsed; undefined when there is none. */
  body: unknown
  force: boolean
  ttlSeconds?: number
}

export interface WriteParts {
  validator: Validator
  catalog: PluginCatalog
  /** Milliseconds since the epoch. */
  now(): number
}

export interface Planned {
  status: number
  value: object
  key: string
}

/** Adds the request's changes to `draft`. Throws a Refusal when it is not acceptable; the draft is then to be dropped. */
export async function planWrite(request: WriteRequest, draft: Draft, parts: WriteParts): Promise<Planned> {
  const { method, target } = request
  const rules = KIND_RULES[target.kind]
  if ((method === 'POST' && !rules.post) || (method === 'PATCH' && !rules.patch))
    throw new Refusal(refuse(405, `not supported \`${method}\` method for ${rules.word}`))
  if (method === 'DELETE') return planDelete(request, draft)
  if (method === 'PATCH') return planPatch(request, draft, parts)
  return planPut(request, draft, parts)
}

async function planPut(request: WriteRequest, draft: Draft, parts: WriteParts): Promise<Planned> {
  const { method, target } = request
  if (request.body === undefined) deny('missing configurations')
  if (target.part.length > 0 && !Array.isArray(request.body))
    deny(`${method} takes a whole resource, not the part ${target.part.join('/')}: use PATCH to change a part`)
  const body = asObject(request.body)
  const id = method === 'POST' ? makeId(target, body, parts.now()) : idOf(target, body)
  const stamped = target.kind !== 'plugin_metadata'
  if (stamped) forbidTimes(body)
  const named = target.kind === 'consumers' ? body : { ...body, id: idIn(target, body, id) }
  checkResource(parts.validator.check(target.kind, id, named))
  if (target.kind === 'consumers' && target.id !== undefined && named.username !== target.id) deny('wrong username')
  const key = toKey(target.kind, id)
  if (target.kind === 'credentials' && !(await draft.has(toKey('consumers', target.within ?? ''))))
    throw new Refusal(refuse(404, 'consumer not found'))
  await allow(draft, target, key, named, parts)
  const previous = await draft.get(target.kind, id)
  const now = Math.floor(parts.now() / 1000)
  const times = stamped ? { create_time: previous?.create_time ?? now, update_time: now } : {}
  const stored = draft.put(target.kind, id, { ...named, ...times }, request.ttlSeconds)
  return { status: previous ? 200 : 201, key, value: { key: shownKey(key), value: stored } }
}

async function planPatch(request: WriteRequest, draft: Draft, parts: WriteParts): Promise<Planned> {
  const { target } = request
  const id =
    target.id ?? deny(target.kind === 'secrets' ? 'no secret id' : `missing ${KIND_RULES[target.kind].word} id`)
  if (request.body === undefined) deny('missing new configuration')
  const previous = await draft.get(target.kind, id)
  if (!previous) throw new Refusal(keyNotFound())
  const patched =
    target.part.length > 0 ? patchPart(previous, target.part, request.body) : merge(previous, request.body)
  if (patched.id !== undefined && idText(patched.id) !== id) deny(`wrong ${KIND_RULES[target.kind].word} id`)
  const resource = { ...patched, update_time: Math.floor(parts.now() / 1000) }
  checkResource(parts.validator.check(target.kind, id, resource))
  const key = toKey(target.kind, id)
  await allow(draft, target, key, resource, parts)
  const stored = draft.put(target.kind, id, resource, request.ttlSeconds)
  return { status: 200, key, value: { key: shownKey(key), value: stored } }
}

function patchPart(previous: Resource, part: readonly string[], value: unknown): Resource {
  const end = noContainer(previous, part)
  if (end !== undefined) deny(`invalid sub-path: /${part.slice(0, end).join('/')}`)
  return replaceAt(previous, part, value)
}

function merge(previous: Resource, patch: unknown): Resource {
  if (patch === null || typeof patch !== 'object') return deny('invalid configuration')
  return mergePatch(previous, Array.isArray(patch) && patch.length === 0 ? {} : asObject(patch))
}

async function planDelete(request: WriteRequest, draft: Draft): Promise<Planned> {
  const { target } = request
  const { word } = KIND_RULES[target.kind]
  const id = target.id ?? deny(`missing ${word} id`)
  if (target.part.length > 0)
    deny(`DELETE takes a whole resource, not the part ${target.part.join('/')}: use PATCH with null to remove a part`)
  const key = toKey(target.kind, id)
  if (!(await draft.has(key))) throw new Refusal(keyNotFound())
  const message = request.force ? undefined : await checkDelete(draft, target.kind, key)
  if (message !== undefined) deny(message)
  if (target.kind === 'consumers') {
    for (const credential of await draft.keysBelow(`${key}/credentials/`))
      draft.delete(credential, { unlessNamed: false })
  }
  draft.delete(key, { unlessNamed: !request.force })
  return { status: 200, key, value: { key: shownKey(key), deleted: '1' } }
}

async function allow(draft: Draft, target: Target, key: string, resource: Resource, parts: WriteParts): Promise<void> {
  const message = await checkWrite(draft, target.kind, key, resource, parts.catalog)
  if (message !== undefined) deny(message)
}

function idOf(target: Target, body: Resource): string {
  if (target.kind === 'consumers') return typeof body.username === 'string' ? body.username : (target.id ?? '')
  const { word } = KIND_RULES[target.kind]
  const own = idText(body.id)
  const fromBody = target.kind === 'credentials' && own !== undefined ? `${target.within}/${own}` : own
  const id = target.id ?? (target.kind === 'secrets' ? undefined : fromBody)
  if (id === undefined) return deny(target.kind === 'plugin_metadata' ? 'missing plugin name' : `missing ${word} id`)
  if (fromBody !== undefined && fromBody !== id) deny(`wrong ${word} id`)
  checkId(own)
  return id
}

/** The id that the resource holds. A number that only the body has stays one, as in APISIX, and is one that the schema takes or refuses. */
function idIn({ kind, id: inPath }: Target, body: Resource, id: string): string | number {
  if (inPath === undefined && typeof body.id === 'number') return body.id
  return kind === 'credentials' ? id.slice(id.indexOf('/') + 1) : id
}

/** An id as text; undefined for anything that is none, which the schema refuses. */
function idText(id: unknown): string | undefined {
  return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
}

let sequence = 0

/** Twenty digits, in order of time. */
function makeId(target: Target, body: Resource, now: number): string {
  if (target.id !== undefined || body.id !== undefined) deny(`wrong ${KIND_RULES[target.kind].word} id, do not need it`)
  sequence = (sequence + 1) % 100_000
  return `00${String(now).padStart(13, '0')}${String(sequence).padStart(5, '0')}`
}

/** Times are the Admin API's to say, in what the resource holds too. */
function forbidTimes(body: Resource): void {
  const places: [string, unknown][] = [
    ['', body],
    ['upstream.', body.upstream],
    ['plugins.', body.plugins],
  ]
  for (const [prefix, value] of places) {
    if (!isObject(value)) continue
    const field = ['create_time', 'update_time'].find((name) => value[name] !== undefined)
    if (field !== undefined) deny(`the property is forbidden:  ${prefix}${field}`)
  }
}

function checkResource(invalid: Invalid | undefined): void {
  if (invalid) throw new Refusal(refuse(400, invalid.message, { errors: invalid.failures }))
}

function deny(message: string): never {
  throw new Refusal(refuse(400, message))
}
