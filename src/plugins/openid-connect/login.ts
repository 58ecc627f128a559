// The authorization code flow: a browser without a session goes to the provider and comes back with a code, which becomes a session in an
// encrypted cookie. State, nonce and PKCE verifier wait in a cookie of that browser, so that nobody can end a login that another browser began.
//
// A browser has one login under way: requests beside the first one (pictures, scripts) share it. Where the browser goes afterwards is
// its own first address, kept in that cookie: no parameter of the provider or of a stranger says so.
import * as oauth from 'oauth4webapi'
import type { Exchange } from '../../gateway/exchange.ts'
import type { PluginEnv, Reply } from '../../gateway/plugin.ts'
import { CookieBox } from './cookies.ts'
import type { Provider } from './provider.ts'
import { RedisSessions } from './redis.ts'
import type { Conf } from './schema.ts'
import { lifetimeMs, type SessionConf, type Uses, usesAt } from './session.ts'
import { cookieSessions, type Session, type Sessions } from './sessions.ts'

const CALLBACK = '/.apisix/redirect'
const LOGIN_MS = 10 * 60_000
const TOKEN_LIFETIME_S = 3600
/** How often a login begins anew by itself when the provider is busy, as after its own page has lain too long. */
const MAX_RESTARTS = 3

interface Pending {
  state: string
  nonce?: string
  verifier?: string
  redirect: string
  target: string
  /** The provider asks nothing of the user, who has a session. */
  silent?: boolean
  restarts?: number
  until: number
}

type LoginConf = Conf & { session: SessionConf }

export class Login {
  readonly cookies: CookieBox
  readonly #sessions: Sessions
  readonly #conf: LoginConf
  readonly #env: PluginEnv
  readonly #provider: Provider
  /** Renewals under way, by refresh token: one that rotates is used once. */
  readonly #renewals = new Map<string, Promise<Session | undefined>>()

  constructor(conf: LoginConf, env: PluginEnv, provider: Provider) {
    this.#conf = conf
    this.#env = env
    this.#provider = provider
    this.cookies = new CookieBox(conf.session, JSON.stringify([conf.discovery, conf.client_id]))
    const { storage, redis } = conf.session
    this.#sessions = storage === 'redis' ? new RedisSessions(this.cookies, redis ?? {}) : cookieSessions(this.cookies)
  }

  close(): void {
    this.#sessions.close()
  }

  /** True when the provider sends the browser back with this request. */
  isCallback(ctx: Exchange): boolean {
    const { redirect_uri: address } = this.#conf
    const { path } = ctx.request
    if (address === undefined) return path.endsWith(CALLBACK)
    return path === (address.startsWith('/') ? address : new URL(address).pathname)
  }

  /** True when the provider is to be asked whether the user is still logged in there. Only a page can go there and come back. */
  isDue(ctx: Exchange, session: Session): boolean {
    const { refresh_session_interval: seconds, session: conf } = this.#conf
    if (seconds === undefined || ctx.request.method !== 'GET' || !isPage(ctx)) return false
    return session.until - lifetimeMs(conf) + seconds * 1000 <= this.#env.now()
  }

  /** Sends the browser to the provider. */
  async begin(ctx: Exchange, how: { silent?: boolean; target?: string } = {}): Promise<Reply> {
    const conf = this.#conf
    const server = await this.#provider.server()
    if (server.authorization_endpoint === undefined)
      throw new Error('the discovery document names no authorization_endpoint')
    const pending = { ...this.#pending(ctx, how.target), silent: how.silent ?? false }
    const url = new URL(server.authorization_endpoint)
    const parameters: Record<string, string> = {
      ...conf.authorization_params,
      response_type: 'code',
      client_id: conf.client_id,
      scope: conf.scope,
      redirect_uri: pending.redirect,
      state: pending.state,
    }
    if (pending.silent) parameters.prompt = 'none'
    if (pending.nonce !== undefined) parameters.nonce = pending.nonce
    if (pending.verifier !== undefined) {
      parameters.code_challenge = await oauth.calculatePKCECodeChallenge(pending.verifier)
      parameters.code_challenge_method = 'S256'
    }
    const proof = await this.#provider.proof()
    if (proof) parameters.dpop_jkt = await proof.calculateThumbprint()
    const told = conf.par?.enabled ? await this.#push(server, parameters) : parameters
    for (const [name, value] of Object.entries(told)) url.searchParams.set(name, value)
    return redirect(url.href, [
      ...(pending.silent ? [] : this.cookies.forget(ctx, 'session')),
      ...this.cookies.write(ctx, 'login', pending, this.#env.now()),
    ])
  }

  /** Ends the login: the code becomes a session. */
  async finish(ctx: Exchange): Promise<Reply> {
    const { client } = this.#provider
    const now = this.#env.now()
    const pending = this.cookies.read<Pending>(ctx, 'login', now)
    const forget = this.cookies.forget(ctx, 'login')
    if (!pending) return refuse('no login is under way in this browser: begin again', forget)
    const server = await this.#provider.server()
    try {
      const answer = oauth.validateAuthResponse(server, client, new URLSearchParams(ctx.request.query), pending.state)
      const session = await this.#redeem(server, answer, pending)
      const fields = [...forget, ...(await this.#sessions.write(ctx, session, now))]
      const strict = this.#conf.session.cookie_same_site === 'Strict'
      return strict ? handOver(pending.target, fields) : redirect(pending.target, fields)
    } catch (error) {
      if (!isProtocolFault(error)) throw error
      if (pending.silent && wantsTheUser(error)) return this.begin(ctx, { target: pending.target })
      const again: Pending = { ...pending, restarts: (pending.restarts ?? 0) + 1 }
      if (isBusy(error) && (pending.restarts ?? 0) < MAX_RESTARTS)
        return redirect(pending.target, this.cookies.write(ctx, 'login', again, now))
      this.#env.log.warn({ error: (error as Error).message }, 'a login with the provider failed')
      return refuse('the login failed: begin again', forget)
    }
  }

  /** The browser's session with an access token that counts; undefined: none. `fields` are to be set on the response. */
  async session(ctx: Exchange): Promise<{ session: Session; fields: string[] } | undefined> {
    const conf = this.#conf
    const now = this.#env.now()
    const session = await this.#sessions.read(ctx, now)
    if (!session) return undefined
    const uses = usesAt(conf.session, session, now)
    if (!uses) return undefined
    const used = { ...session, ...uses }
    const fresh = session.accessUntil - conf.access_token_expires_leeway * 1000 > now
    if (fresh || session.accessToken === undefined || !conf.renew_access_token_on_expiry)
      return { session: used, fields: uses === session ? [] : await this.#sessions.write(ctx, used, now) }
    const renewed = await this.#renew(used)
    return renewed && { session: renewed, fields: await this.#sessions.write(ctx, renewed, now) }
  }

  /** Ends the session here, and at the provider when it has a place for that. */
  async end(ctx: Exchange): Promise<Reply> {
    const { post_logout_redirect_uri: after, revoke_tokens_on_logout: revoke, client_id } = this.#conf
    const now = this.#env.now()
    const session = await this.#sessions.read(ctx, now)
    const forget = [...(await this.#sessions.forget(ctx, now)), ...this.cookies.forget(ctx, 'login')]
    const server = await this.#provider.server()
    if (session && revoke) await this.#revoke(server, session)
    if (server.end_session_endpoint === undefined)
      return after === undefined ? { status: 200, headers: own(forget), body: 'logged out\n' } : redirect(after, forget)
    const url = new URL(server.end_session_endpoint)
    url.searchParams.set('client_id', client_id)
    if (session?.idToken !== undefined) url.searchParams.set('id_token_hint', session.idToken)
    if (after !== undefined) url.searchParams.set('post_logout_redirect_uri', after)
    return redirect(url.href, forget)
  }

  /** Leaves the parameters with the provider; the browser carries what stands for them. */
  async #push(server: oauth.AuthorizationServer, parameters: Record<string, string>): Promise<Record<string, string>> {
    const { client_id, par, token_endpoint_auth_method } = this.#conf
    const { client } = this.#provider
    const auth = await this.#provider.authentication(par?.endpoint_auth_method ?? token_endpoint_auth_method)
    const { request_uri } = await this.#provider.proven(async (options) => {
      const sent = await oauth.pushedAuthorizationRequest(server, client, auth, parameters, options)
      return oauth.processPushedAuthorizationResponse(server, client, sent)
    })
    return { client_id, request_uri }
  }

  #pending(ctx: Exchange, address: string | undefined): Pending {
    const now = this.#env.now()
    const origin = `${ctx.request.scheme}://${ctx.request.authority}`
    const earlier = this.cookies.read<Pending>(ctx, 'login', now)
    const target = address ?? origin + ctx.request.target
    if (earlier) return isPage(ctx) ? { ...earlier, target } : earlier
    const back = this.#conf.redirect_uri ?? ctx.request.rawPath.replace(/\/$/, '') + CALLBACK
    return {
      state: oauth.generateRandomState(),
      ...(this.#conf.use_nonce ? { nonce: oauth.generateRandomNonce() } : {}),
      ...(this.#conf.use_pkce ? { verifier: oauth.generateRandomCodeVerifier() } : {}),
      redirect: back.startsWith('/') ? origin + back : back,
      target,
      until: now + LOGIN_MS,
    }
  }

  async #redeem(server: oauth.AuthorizationServer, answer: URLSearchParams, pending: Pending): Promise<Session> {
    const { client } = this.#provider
    const auth = await this.#provider.authentication(this.#conf.token_endpoint_auth_method)
    const verifier = pending.verifier ?? oauth.nopkce
    const tokens = await this.#provider.proven(async (options) => {
      const { redirect } = pending
      const sent = await oauth.authorizationCodeGrantRequest(server, client, auth, answer, redirect, verifier, options)
      const read = await oauth.processAuthorizationCodeResponse(server, client, sent, {
        expectedNonce: pending.nonce ?? oauth.expectNoNonce,
        requireIdToken: true,
      })
      await oauth.validateApplicationLevelSignature(server, sent, options)
      return read
    })
    const now = this.#env.now()
    return {
      ...this.#toSession(tokens),
      subject: oauth.getValidatedIdTokenClaims(tokens)?.sub,
      user: await this.#user(server, tokens),
      usedAt: now,
      rolledAt: now,
      until: now + lifetimeMs(this.#conf.session),
    }
  }

  async #user(server: oauth.AuthorizationServer, tokens: oauth.TokenEndpointResponse): Promise<Session['user']> {
    const subject = oauth.getValidatedIdTokenClaims(tokens)?.sub
    const wanted = this.#conf.set_userinfo_header && (this.#conf.session_contents?.user ?? !this.#conf.session_contents)
    if (!wanted || server.userinfo_endpoint === undefined || subject === undefined) return undefined
    const { client } = this.#provider
    return this.#provider.proven(async ({ DPoP, ...options }) => {
      const bound = DPoP && tokens.token_type === 'dpop' ? { ...options, DPoP } : options
      const answer = await oauth.userInfoRequest(server, client, tokens.access_token, bound)
      return oauth.processUserInfoResponse(server, client, subject, answer)
    })
  }

  #toSession(tokens: oauth.TokenEndpointResponse): Omit<Session, 'id' | 'until' | 'user' | 'subject' | keyof Uses> {
    const { access_token_expires_in, session_contents: kept } = this.#conf
    const lifetime = tokens.expires_in ?? access_token_expires_in ?? TOKEN_LIFETIME_S
    const access = !kept || kept.access_token
    const id = !kept || kept.id_token || kept.enc_id_token || this.#conf.set_raw_id_token_header
    return {
      accessToken: access ? tokens.access_token : undefined,
      accessUntil: this.#env.now() + lifetime * 1000,
      idToken: id ? tokens.id_token : undefined,
      refreshToken: access ? tokens.refresh_token : undefined,
      scope: tokens.scope,
    }
  }

  #renew(session: Session): Promise<Session | undefined> {
    const { refreshToken } = session
    if (refreshToken === undefined) return Promise.resolve(undefined)
    const underWay = this.#renewals.get(refreshToken)
    if (underWay) return underWay
    const renewal = this.#refresh(session, refreshToken).finally(() => this.#renewals.delete(refreshToken))
    this.#renewals.set(refreshToken, renewal)
    return renewal
  }

  async #refresh(session: Session, refreshToken: string): Promise<Session | undefined> {
    const { client } = this.#provider
    const server = await this.#provider.server()
    const auth = await this.#provider.authentication(this.#conf.token_endpoint_auth_method)
    try {
      const tokens = await this.#provider.proven(async (options) => {
        const sent = await oauth.refreshTokenGrantRequest(server, client, auth, refreshToken, options)
        const read = await oauth.processRefreshTokenResponse(server, client, sent)
        if (read.id_token !== undefined) await oauth.validateApplicationLevelSignature(server, sent, options)
        return read
      })
      const subject = oauth.getValidatedIdTokenClaims(tokens)?.sub
      if (subject !== undefined && subject !== session.subject) return undefined
      const { idToken, refreshToken: rotated, scope, ...rest } = this.#toSession(tokens)
      const { idToken: oldId, scope: oldScope } = session
      return {
        ...session,
        ...rest,
        idToken: idToken ?? oldId,
        refreshToken: rotated ?? refreshToken,
        scope: scope ?? oldScope,
      }
    } catch (error) {
      if (!isProtocolFault(error)) throw error
      this.#env.log.info({ error: (error as Error).message }, 'an access token could not be renewed')
      return undefined
    }
  }

  async #revoke(server: oauth.AuthorizationServer, session: Session): Promise<void> {
    if (server.revocation_endpoint === undefined) return
    const { client } = this.#provider
    const proof = await this.#provider.authentication(this.#conf.token_endpoint_auth_method)
    for (const token of [session.refreshToken, session.accessToken]) {
      if (token === undefined) continue
      const answer = await oauth.revocationRequest(server, client, proof, token, this.#provider.options())
      await oauth.processRevocationResponse(answer)
    }
  }
}

function own(fields: string[]): Record<string, string | string[]> {
  return { 'Cache-Control': 'no-store', ...(fields.length ? { 'Set-Cookie': fields } : {}) }
}

function redirect(location: string, fields: string[]): Reply {
  return { status: 302, headers: { Location: location, ...own(fields) } }
}

/** A page that goes on by itself: after a redirect from the provider's site browsers would not send a strict cookie, and the login would begin anew. */
function handOver(location: string, fields: string[]): Reply {
  const address = location.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`)
  const headers = { ...own(fields), 'Content-Type': 'text/html; charset=utf-8' }
  return { status: 200, headers, body: `<meta http-equiv="refresh" content="0; url=${address}">\n` }
}

function refuse(message: string, fields: string[]): Reply {
  return { status: 400, headers: own(fields), body: { message } }
}

/** False for pictures, scripts and the like. */
function isPage(ctx: Exchange): boolean {
  return (ctx.request.headers.get('sec-fetch-dest') ?? 'document') === 'document'
}

function isBusy(error: unknown): boolean {
  return error instanceof oauth.AuthorizationResponseError && error.error === 'temporarily_unavailable'
}

/** True when the provider cannot say who it is without the user (OpenID Connect Core 3.1.2.6). */
function wantsTheUser(error: unknown): boolean {
  return (
    error instanceof oauth.AuthorizationResponseError &&
    /^(?:login|interaction|consent|account_selection)_required$/.test(error.error)
  )
}

/** True for what the provider or the browser said wrongly; false when the provider could not be asked. */
function isProtocolFault(error: unknown): boolean {
  return (
    error instanceof oauth.OperationProcessingError ||
    error instanceof oauth.AuthorizationResponseError ||
    error instanceof oauth.ResponseBodyError ||
    error instanceof oauth.WWWAuthenticateChallengeError
  )
}
