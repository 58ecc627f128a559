// Asks an OpenID provider who the user is: a bearer token is checked with a key or by the provider, a browser is sent to the login and
// gets an encrypted session cookie. What was found goes to the upstream in X-Access-Token, X-ID-Token, X-Userinfo and X-Refresh-Token, which are
// taken from every request first: a client cannot write them in the provider's place.
//
// A bearer token decides before a session does, where the configuration says how to check one: an invalid one is refused, not sent to the login.
// While the provider cannot be asked, what needs it is answered with 503.
import type { ValidateFunction } from 'ajv'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type PluginEnv, type PluginInstance, type Reply } from '../gateway/plugin.ts'
import { BearerTokens, bearerToken, isMalformed } from './openid-connect/bearer.ts'
import { check, compileClaimSchema } from './openid-connect/check.ts'
import { claimsOf, refuseScopes } from './openid-connect/claims.ts'
import { Login } from './openid-connect/login.ts'
import { Provider } from './openid-connect/provider.ts'
import { type Conf, schema } from './openid-connect/schema.ts'
import type { Session } from './openid-connect/sessions.ts'

const OWN_FIELDS = ['x-access-token', 'x-id-token', 'x-raw-id-token', 'x-userinfo', 'x-refresh-token']
const FIELDS = Symbol('Set-Cookie of a renewed session')

export default definePlugin<Conf>({
  name: 'openid-connect',
  version: 0.2,
  priority: 2599,
  schema,
  encrypted: [
    'client_secret',
    'client_rsa_private_key',
    'dpop.private_key',
    'session.secret',
    'session.redis.password',
    'proxy_opts.http_proxy_authorization',
    'proxy_opts.https_proxy_authorization',
  ],
  check(conf, kind) {
    if (kind === 'plugin') check(conf)
  },
  setup(conf, env) {
    const provider = new Provider(conf, env)
    const claimSchema = compileClaimSchema(conf)
    const tokens = new BearerTokens(conf, env, provider, claimSchema)
    const { session } = conf
    const login = session && !conf.bearer_only ? new Login({ ...conf, session }, env, provider) : undefined
    const checksTokens =
      conf.bearer_only || conf.use_jwks || conf.public_key !== undefined || conf.introspection_endpoint !== undefined
    return {
      rewrite: guarded(env, async (ctx) => {
        if (checksTokens && isMalformed(ctx)) return { status: 400 }
        const token = checksTokens ? bearerToken(ctx) : undefined
        for (const name of OWN_FIELDS) ctx.request.headers.removeAlike(name)
        if (token !== undefined) return passToken(ctx, conf, tokens, token)
        return login ? passSession(ctx, conf, login, tokens, claimSchema) : tokens.challenge()
      }),
      ...(login ? { header_filter: setCookies } : {}),
      close: async () => {
        login?.close()
        provider.close()
      },
    }
  },
})

/** A provider that cannot be asked is answered with 503, and never lets a request pass. */
function guarded(env: PluginEnv, rewrite: (ctx: Exchange) => Promise<Reply | undefined>): PluginInstance['rewrite'] {
  return async (ctx) => {
    try {
      return await rewrite(ctx)
    } catch (error) {
      env.log.error({ error: (error as Error).message }, 'a request could not be checked with the OpenID provider')
      return { status: 503 }
    }
  }
}

async function passToken(ctx: Exchange, conf: Conf, tokens: BearerTokens, token: string): Promise<Reply | undefined> {
  const result = await tokens.check(ctx, token)
  if ('refusal' in result) return result.refusal
  setAccessToken(ctx, conf, token)
  if (conf.set_userinfo_header) ctx.request.headers.set('X-Userinfo', encode(result.claims))
  return undefined
}

async function passSession(
  ctx: Exchange,
  conf: Conf,
  login: Login,
  tokens: BearerTokens,
  claimSchema: ValidateFunction | undefined,
): Promise<Reply | undefined> {
  if (ctx.request.path === conf.logout_path) return login.end(ctx)
  if (login.isCallback(ctx)) return login.finish(ctx)
  const found = await login.session(ctx)
  if (!found) {
    if (conf.unauth_action === 'auth') return login.begin(ctx)
    login.cookies.hide(ctx)
    return conf.unauth_action === 'deny' ? { status: 401 } : undefined
  }
  const { session, fields } = found
  if (login.isDue(ctx, session)) return login.begin(ctx, { silent: true })
  if (fields.length) ctx.set(FIELDS, fields)
  const idToken = claimsOf(session.idToken)
  const access = claimsOf(session.accessToken)
  if (claimSchema && !claimSchema({ user: session.user, id_token: idToken, access_token: session.accessToken }))
    return tokens.refuse('the claims do not fit the schema that they must have')
  const refusal = refuseScopes(conf, access.scope ?? session.scope ?? idToken.scope)
  if (refusal) return refusal
  setSession(ctx, conf, session, idToken)
  login.cookies.hide(ctx)
  return undefined
}

function setSession(ctx: Exchange, conf: Conf, session: Session, idToken: object): void {
  const { headers } = ctx.request
  const { session_contents: kept } = conf
  if (session.accessToken !== undefined) setAccessToken(ctx, conf, session.accessToken)
  if (conf.set_id_token_header && session.idToken !== undefined && (!kept || kept.id_token))
    headers.set('X-ID-Token', encode(idToken))
  if (conf.set_raw_id_token_header && session.idToken !== undefined) headers.set('X-Raw-ID-Token', session.idToken)
  if (conf.set_userinfo_header && session.user) headers.set('X-Userinfo', encode(session.user))
  if (conf.set_refresh_token_header && session.refreshToken !== undefined)
    headers.set('X-Refresh-Token', session.refreshToken)
}

function setAccessToken(ctx: Exchange, conf: Conf, token: string): void {
  if (!conf.set_access_token_header) return
  if (conf.access_token_in_authorization_header) ctx.request.headers.set('Authorization', `Bearer ${token}`)
  else ctx.request.headers.set('X-Access-Token', token)
}

function setCookies(ctx: Exchange): void {
  for (const field of ctx.get<string[]>(FIELDS) ?? []) ctx.response.headers.add('Set-Cookie', field)
}

function encode(claims: object): string {
  return Buffer.from(JSON.stringify(claims)).toString('base64')
}
