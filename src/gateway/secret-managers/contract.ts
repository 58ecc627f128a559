// What a secret manager is to the gateway: something that gives the members of a named secret.
//
// Each manager asks only the address that its `secrets` resource names; redirects are not followed, answers are bounded.
import { isObject } from '../../lib/is-object.ts'
import type { Resource } from '../../resources/kinds.ts'
import type { HttpClient, HttpClientRequest, HttpClientResponse } from '../http-client.ts'

/** Members of one secret: texts by name. Other types are not secrets that a configuration could use. */
export type SecretMembers = Record<string, unknown>

export interface ManagerDeps {
  http: HttpClient
  now(): number
}

/** One kind of manager. `conf` is its `secrets` resource, references to the environment resolved. */
export type FetchSecret = (conf: Resource, name: string, deps: ManagerDeps) => Promise<SecretMembers>

/** The manager has answered that there is no such secret; every other error means that it could not be asked. */
export class NoSuchSecret extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'NoSuchSecret'
  }
}

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 256 * 1024

/** Asks a manager; any status comes back. The error of a failed exchange names the address, never a header or a body. */
export function ask(deps: ManagerDeps, url: string, request: HttpClientRequest): Promise<HttpClientResponse> {
  if (!/^https?:\/\//i.test(url))
    throw new Error(`its address begins with ${url.split(':')[0]}:, expected http: or https:`)
  return deps.http.request(url, { timeoutMs: TIMEOUT_MS, maxBodyBytes: MAX_ANSWER_BYTES, ...request })
}

/** The object that a body holds. The message of the error does not quote the body, which may be a secret. */
export function parseObject(body: Buffer | string, what: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body.toString())
  } catch {
    throw new Error(`${what} is not JSON`)
  }
  if (!isObject(value)) throw new Error(`${what} is not a JSON object`)
  return value
}

/** A path of a URL whose segments cannot be mistaken for anything else. */
export function encodePath(path: string): string {
  return path.split('/').filter(Boolean).map(encodeURIComponent).join('/')
}
