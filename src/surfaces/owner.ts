// Who may approve: the owner of this Gateward, known by a session in the browser or by the key file in the data directory.
//
// A session begins with a one-time address that the start prints (or `gateward open`), as Jupyter does it. Knowing the address of a plan is not
// enough, so that a model which can open links cannot approve for the person. A session is signed with the owner's key, so that it outlives a
// restart; a new key ends all sessions.
import { createHmac, hash, randomBytes } from 'node:crypto'
import { keyIn } from '../lib/made-file.ts'
import { sameSecret } from '../lib/same-secret.ts'
import { setBounded } from '../lib/set-bounded.ts'

const TICKET_TTL_MS = 24 * 60 * 60 * 1000
const SESSION_TTL_MS = 30 * 24 * 60 * 60 * 1000
const MAX_TICKETS = 20

export class Owner {
  readonly #key: string
  /** Name of the session's cookie: browsers keep one jar for all ports of a machine, where several Gatewards may run. */
  readonly cookie: string
  readonly #tickets = new Map<string, number>()

  /** The key is made at first use and kept in `owner.key`, readable by the owner only. */
  constructor(dataDir: string) {
    this.#key = readOwnerKey(dataDir)
    this.cookie = `gateward_${hash('sha256', this.#key).slice(0, 8)}`
  }

  /** A one-time ticket for a browser. Kept by digest: a dump of memory or a log of it opens nothing. */
  ticket(): string {
    const ticket = randomBytes(24).toString('base64url')
    setBounded(this.#tickets, hash('sha256', ticket), Date.now() + TICKET_TTL_MS, MAX_TICKETS)
    return ticket
  }

  /** A session for a ticket, which is used up; undefined when it is not valid. */
  redeem(ticket: string): string | undefined {
    const key = hash('sha256', ticket)
    const until = this.#tickets.get(key) ?? 0
    this.#tickets.delete(key)
    if (until <= Date.now()) return undefined
    return this.#sign(`${Date.now() + SESSION_TTL_MS}.${randomBytes(12).toString('base64url')}`)
  }

  hasSession(session: string | undefined): boolean {
    if (session === undefined) return false
    const claim = session.slice(0, session.lastIndexOf('.'))
    const genuine = sameSecret(session, this.#sign(claim))
    return genuine && Number(claim.split('.')[0]) > Date.now()
  }

  #sign(claim: string): string {
    return `${claim}.${createHmac('sha256', this.#key).update(`session ${claim}`).digest('base64url')}`
  }

  /** True for the owner's key itself: the command line, which can read the data directory. */
  hasKey(key: string | undefined): boolean {
    return key !== undefined && sameSecret(key, this.#key)
  }
}

/** The key in a data directory, made when there is none. */
export function readOwnerKey(dataDir: string): string {
  return keyIn(dataDir, 'owner.key')
}
