// Turns a path below /apisix/admin into what it addresses.
import { isKind, type Kind } from '../resources/kinds.ts'
import { Refusal, refuse } from './message.ts'

export interface Target {
  kind: Kind
  /** Of a credential `consumer/credential`, of a secret `manager/id`. Undefined: the collection. */
  id: string | undefined
  /** What a list is limited to: the consumer of credentials, the manager of secrets. */
  within?: string
  /** The part of the resource that the rest of the path names. */
  part: string[]
}

/** `segments` are the decoded parts of the path after /apisix/admin. Undefined: no such kind. */
export function toTarget(segments: readonly string[]): Target | undefined {
  const [head = '', ...rest] = segments
  if (!isKind(head) || head === 'credentials') return undefined
  if (head === 'consumers' && rest[1] === 'credentials') return credential(rest)
  if (head === 'secrets') return secret(rest)
  const [id, ...part] = rest
  return { kind: head, id: checkId(id), part }
}

function credential([consumer = '', , id, ...part]: string[]): Target {
  checkId(consumer)
  return {
    kind: 'credentials',
    id: id === undefined ? undefined : `${consumer}/${checkId(id)}`,
    within: consumer,
    part,
  }
}

function secret([manager, id, ...part]: string[]): Target {
  checkId(manager)
  const target: Target = { kind: 'secrets', id: id === undefined ? undefined : `${manager}/${checkId(id)}`, part }
  return manager === undefined ? target : { ...target, within: manager }
}

/** Ids become keys of the store: nothing that could leave its place may stand in one. The schema checks the rest. */
export function checkId(id: string | undefined): string | undefined {
  if (id === '.' || id === '..' || id?.includes('/') || id?.includes('\0'))
    throw new Refusal(refuse(400, `invalid id ${JSON.stringify(id)}: use letters, digits, "_", "-" and "."`))
  return id
}

/** The decoded segments of a path; empty ones are dropped, as nginx merges slashes. Throws a Refusal for a bad escape. */
export function toSegments(path: string): string[] {
  try {
    return path.split('/').filter(Boolean).map(decodeURIComponent)
  } catch {
    throw new Refusal(
      refuse(400, `invalid path ${JSON.stringify(path.slice(0, 200))}: it has a malformed percent escape`),
    )
  }
}
