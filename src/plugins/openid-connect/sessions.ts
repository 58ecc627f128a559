// What a session holds, and where it is: in the browser's cookies, or in Redis (redis.ts).
import type { UserInfoResponse } from 'oauth4webapi'
import type { Exchange } from '../../gateway/exchange.ts'
import type { CookieBox } from './cookies.ts'
import type { Uses } from './session.ts'

/** What is known of a login; `session_contents` says what may be. Times in milliseconds since the epoch. */
export interface Session extends Uses {
  /** Its name where it is kept, when it is not in the cookies. */
  id?: string | undefined
  accessToken?: string | undefined
  accessUntil: number
  /** Who has logged in. */
  subject?: string | undefined
  idToken?: string | undefined
  refreshToken?: string | undefined
  scope?: string | undefined
  user?: UserInfoResponse | undefined
  until: number
}

/** Rejects when they cannot be had. The fields are to be set on the response. */
export interface Sessions {
  read(ctx: Exchange, nowMs: number): Promise<Session | undefined>
  write(ctx: Exchange, session: Session, nowMs: number): Promise<string[]>
  forget(ctx: Exchange, nowMs: number): Promise<string[]>
  close(): void
}

export function cookieSessions(box: CookieBox): Sessions {
  return {
    read: async (ctx, nowMs) => box.read<Session>(ctx, 'session', nowMs),
    write: async (ctx, session, nowMs) => box.write(ctx, 'session', session, nowMs),
    forget: async (ctx) => box.forget(ctx, 'session'),
    close: () => {},
  }
}
