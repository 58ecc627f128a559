// Who calls `/mcp` and `/v1/operations`: the owner (key or browser session), the bearer of a token of the settings with its scopes, or, on a
// loopback address only, any program of this machine. The last may look, plan and apply what a person has approved; it cannot carry an approval
// itself, since any program, a model's shell among them, could claim to be such a client.
import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Context } from 'hono'
import { isLoopback } from '../../lib/address.ts'
import { readNamedFile } from '../../lib/system-error.ts'
import type { Settings } from '../../settings/schema.ts'
import type { Owner } from '../owner.ts'
import { SCOPES, type Scope } from '../scopes.ts'
import { isLoopbackHost, isOwner } from './access.ts'
import type { OAuth } from './oauth.ts'

export interface Principal {
  /** For the audit log. */
  subject: string
  scopes: ReadonlySet<Scope>
  /** True for the bearer of a token of an outside issuer, who can get one with more scopes. */
  oauth?: boolean
}

export interface Token {
  name: string
  key: string
  scopes: Scope[]
}

const OWNER: Principal = { subject: 'owner', scopes: new Set(SCOPES) }
const LOCAL: Principal = { subject: 'local', scopes: new Set<Scope>(['read', 'plan', 'apply']) }

/** Characters of a token; a shorter one could be guessed. */
const MIN_TOKEN_LENGTH = 16
/** Calls of one caller in one minute. */
const MAX_CALLS_PER_MINUTE = 600

export class Access {
  readonly #owner: Owner
  readonly #tokens: { digest: Buffer; principal: Principal }[]
  readonly #calls = new Map<string, number>()
  #minute = 0

  /** The outside issuer, when there is one. */
  readonly oauth: OAuth | undefined

  constructor({ owner, tokens, oauth }: { owner: Owner; tokens: Token[]; oauth?: OAuth }) {
    this.#owner = owner
    this.oauth = oauth
    this.#tokens = tokens.map(({ name, key, scopes }) => ({
      digest: sha256(key),
      principal: { subject: name, scopes: new Set(scopes) },
    }))
  }

  /** The caller; undefined when nobody may call like this. A wrong token is nobody, never the local caller. */
  async of(c: Context): Promise<Principal | undefined> {
    const bearer = /^Bearer +(\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (isOwner(c, this.#owner)) return OWNER
    if (bearer !== undefined) {
      const digest = sha256(bearer)
      const known = this.#tokens.find((one) => timingSafeEqual(one.digest, digest))?.principal
      const bearerOf = known ? undefined : await this.oauth?.verify(bearer)
      return bearerOf ? { ...bearerOf, oauth: true } : known
    }
    if (c.req.header('authorization') !== undefined) return undefined
    return isLocal(c) && isLoopbackHost(c.req.header('host') ?? '') ? LOCAL : undefined
  }

  /** Counts a call; false when the caller had its share of this minute. */
  admits({ subject }: Principal, now = Date.now()): boolean {
    const minute = Math.floor(now / 60_000)
    if (minute !== this.#minute) this.#calls.clear()
    this.#minute = minute
    const calls = (this.#calls.get(subject) ?? 0) + 1
    this.#calls.set(subject, calls)
    return calls <= MAX_CALLS_PER_MINUTE
  }
}

/** Fields by which a proxy says for whom it asks: a route of this gateway that leads here is one too, and its clients are no programs of this machine. */
const OF_PROXIES = ['forwarded', 'via', 'x-forwarded-for', 'x-real-ip']

/** True when the connection came to a loopback address, which only programs of this machine can reach, and is not made for somebody else. */
function isLocal(c: Context): boolean {
  if (OF_PROXIES.some((name) => c.req.header(name) !== undefined)) return false
  const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessage }
  const address = incoming?.socket.localAddress ?? ''
  return isLoopback(address.replace(/^::ffff:/, ''))
}

/** True for the caller that has shown nothing but that it runs on this machine. */
export function isAnonymous(principal: Principal): boolean {
  return principal === LOCAL
}

/** The tokens of the settings with their keys. Throws one clear line when a key is missing or too short. */
export function readTokens(settings: Settings['surface']['tokens'], env: NodeJS.ProcessEnv): Token[] {
  return settings.map(({ name, key_env: variable, key_file: file, scopes }) => {
    const key =
      file !== undefined
        ? readNamedFile(file, `key_file of the surface token ${name}`).toString().trim()
        : variable !== undefined
          ? env[variable]
          : undefined
    if (key === undefined || key.length < MIN_TOKEN_LENGTH)
      throw new Error(
        `reading surface token ${name}: found ${key === undefined ? 'no key' : `${key.length} characters`} in ${file ?? variable ?? 'key_file or key_env'}; put at least ${MIN_TOKEN_LENGTH} characters there`,
      )
    return { name, key, scopes }
  })
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
