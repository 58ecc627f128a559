// The fields of openid-connect: APISIX's names and defaults. Those that are here only to be refused with a reason are in `check.ts`.
import Type, { type Static } from 'typebox'
import { flag, oneOfTexts, text } from '../../lib/schema-types.ts'
import { dpopSchema } from './dpop.ts'
import { proxySchema } from './proxy.ts'
import { contentsSchema, sessionSchema } from './session.ts'

const count = (title: string, description: string, otherwise: number, least = 0) =>
  Type.Integer({ title, description, minimum: least, default: otherwise, examples: [Math.max(60, least)] })
const claimValidator = Type.Object(
  {
    issuer: Type.Optional(
      Type.Object(
        {
          valid_issuers: Type.Optional(
            Type.Array(Type.String(), {
              title: 'Issuers',
              description: 'whose bearer tokens count; that of the discovery document when absent',
              minItems: 1,
              examples: [['https://login.example.com']],
            }),
          ),
        },
        { title: 'Issuer', description: 'what `iss` may be', additionalProperties: false, examples: [{}] },
      ),
    ),
    audience: Type.Optional(
      Type.Object(
        {
          claim: Type.Optional(text('Claim', 'claim that holds the audience; `aud` when absent', 'aud')),
          required: Type.Optional(
            Type.Boolean({ title: 'Required', description: 'refuse tokens without it', examples: [true] }),
          ),
          match_with_client_id: Type.Optional(
            Type.Boolean({ title: 'Is the client', description: 'it must name client_id', examples: [true] }),
          ),
        },
        {
          title: 'Audience',
          description: 'whom bearer tokens must be for',
          additionalProperties: false,
          examples: [{ match_with_client_id: true }],
        },
      ),
    ),
  },
  {
    title: 'Claims',
    description: 'what issuer and audience of a bearer token must be',
    additionalProperties: false,
    examples: [{ audience: { required: true, match_with_client_id: true } }],
  },
)

const client = {
  client_id: text('Client id', 'id of the client at the provider', 'gateway'),
  client_secret: Type.Optional(text('Client secret', 'secret of the client; absent for a public client', 'c-secret')),
  discovery: text(
    'Discovery',
    "address of the provider's discovery document",
    'https://login.example.com/.well-known/openid-configuration',
  ),
  token_endpoint_auth_method: Type.String({
    title: 'Authentication of the client',
    description:
      'client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt or none, at the token endpoint',
    default: 'client_secret_basic',
    examples: ['private_key_jwt'],
  }),
  client_rsa_private_key: Type.Optional(
    text('Private key', 'PEM; signs for private_key_jwt', '-----BEGIN PRIVATE KEY-----...'),
  ),
  client_rsa_private_key_id: Type.Optional(text('Key id', '`kid` of that key', 'key-1')),
  client_jwt_assertion_alg: Type.Optional(
    oneOfTexts(['ES256', 'ES512', 'HS256', 'HS512', 'RS256', 'RS512'], {
      title: 'Algorithm of assertions',
      description: 'RS256 for private_key_jwt when absent; client_secret_jwt has HS256 only',
      examples: ['RS256'],
    }),
  ),
  client_jwt_assertion_audience: Type.Optional(
    text('Audience of assertions', "the provider's issuer when absent", 'https://login.example.com/token'),
  ),
  client_jwt_assertion_expires_in: count('Lifetime of assertions', 'seconds', 60, 1),
  proxy_opts: Type.Optional(proxySchema),
  timeout: Type.Integer({
    title: 'Timeout',
    description: 'seconds for each question to the provider',
    minimum: 1,
    maximum: 60,
    default: 3,
    examples: [10],
  }),
  ssl_verify: flag('Check the certificate', "check the provider's certificate", true),
}

const bearer = {
  bearer_only: flag(
    'Bearer only',
    'refuse requests without a bearer token instead of sending browsers to the login',
    false,
  ),
  realm: Type.String({
    title: 'Realm',
    description: 'realm of the WWW-Authenticate header',
    default: 'apisix',
    pattern: '^[ -!#-[\\]-~]+$',
    examples: ['orders'],
  }),
  public_key: Type.Optional(text('Public key', 'PEM; checks bearer tokens', '-----BEGIN PUBLIC KEY-----...')),
  use_jwks: flag('Use JWKS', "check bearer tokens with the provider's published keys", false),
  token_signing_alg_values_expected: Type.Optional(
    text('Algorithm of tokens', 'the only one that tokens may have; all asymmetric ones when absent', 'RS256'),
  ),
  jwk_expires_in: count('Age of keys', 'seconds that published keys and the discovery document are kept', 86400, 1),
  jwt_verification_cache_ignore: flag('Verify always', 'check a token anew at each request', false),
  introspection_endpoint: Type.Optional(
    text(
      'Introspection',
      "address that bearer tokens are checked at; the discovery document's when absent",
      'https://login.example.com/introspect',
    ),
  ),
  introspection_endpoint_auth_method: Type.String({
    title: 'Authentication at introspection',
    description: 'as token_endpoint_auth_method',
    default: 'client_secret_basic',
    examples: ['client_secret_post'],
  }),
  introspection_expiry_claim: Type.Optional(
    text('Expiry', 'member of the answer with the second at which it ends; `exp` when absent', 'exp'),
  ),
  introspection_interval: count('Interval', 'seconds that an answer is kept at most; 0: until the token ends', 0),
  introspection_addon_headers: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      title: 'Headers for introspection',
      description: "fields of the client's request that go along",
      minItems: 1,
      examples: [['X-Tenant']],
    }),
  ),
  iat_slack: count('Slack', 'seconds by which clocks may differ', 120),
  required_scopes: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      title: 'Required scopes',
      description: 'all of them must have been granted',
      examples: [['orders:read']],
    }),
  ),
  claim_validator: Type.Optional(claimValidator),
  claim_schema: Type.Optional(
    Type.Record(Type.String(), Type.Any(), {
      title: 'Schema of claims',
      description:
        'JSON Schema for what is known of the user: the claims of a bearer token, or `user`, `id_token` and `access_token` of a session',
      examples: [{ type: 'object', required: ['sub'] }],
    }),
  ),
}

const parSchema = Type.Object(
  {
    enabled: Type.Optional(
      Type.Boolean({
        title: 'Enabled',
        description: "send the login's parameters to the provider first, and the browser with a reference to them",
        default: false,
        examples: [true],
      }),
    ),
    endpoint: Type.Optional(
      text(
        'Endpoint',
        "where they are sent; the discovery document's pushed_authorization_request_endpoint when absent",
        'https://login.example.com/par',
      ),
    ),
    endpoint_auth_method: Type.Optional(
      oneOfTexts(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'client_secret_jwt'], {
        title: 'Authentication there',
        description: 'token_endpoint_auth_method when absent',
        examples: ['private_key_jwt'],
      }),
    ),
  },
  {
    title: 'Pushed requests',
    description: 'how a login is announced to the provider (RFC 9126)',
    additionalProperties: false,
    examples: [{ enabled: true }],
  },
)

const login = {
  scope: Type.String({
    title: 'Scope',
    description: 'asked for at the login',
    default: 'openid',
    examples: ['openid email'],
  }),
  redirect_uri: Type.Optional(
    text(
      'Redirect address',
      "where the provider sends the browser back to: a path or an address; the request's path and /.apisix/redirect when absent",
      '/callback',
    ),
  ),
  authorization_params: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      title: 'Parameters of the login',
      description: 'further ones for the authorization endpoint',
      examples: [{ prompt: 'login' }],
    }),
  ),
  use_pkce: flag('PKCE', 'bind the code to this login (RFC 7636)', false),
  use_nonce: flag('Nonce', 'bind the ID token to this login', false),
  par: Type.Optional(parSchema),
  dpop: Type.Optional(dpopSchema),
  unauth_action: oneOfTexts(['auth', 'deny', 'pass'], {
    title: 'Without a session',
    description: 'send to the login, refuse with 401, or let pass',
    default: 'auth',
    examples: ['deny'],
  }),
  session: Type.Optional(sessionSchema),
  session_contents: Type.Optional(contentsSchema),
  refresh_session_interval: Type.Optional(
    Type.Integer({
      title: 'Silent login',
      description:
        'seconds after a login at which a page goes to the provider again, which asks the user nothing while it can; never when absent',
      minimum: 1,
      examples: [900],
    }),
  ),
  renew_access_token_on_expiry: flag(
    'Renew',
    'renew an access token that has ended, with its refresh token or by a login',
    true,
  ),
  access_token_expires_in: Type.Optional(
    Type.Integer({
      title: 'Lifetime of access tokens',
      description: 'seconds, when the provider does not say; 3600 when absent',
      minimum: 1,
      examples: [600],
    }),
  ),
  access_token_expires_leeway: count('Leeway', 'seconds before its end at which an access token is renewed', 0),
  logout_path: Type.String({
    title: 'Logout',
    description: 'path that ends the session',
    default: '/logout',
    pattern: '^/',
    examples: ['/bye'],
  }),
  post_logout_redirect_uri: Type.Optional(
    text('After the logout', 'address that the browser goes to', 'https://www.example.com/'),
  ),
  revoke_tokens_on_logout: flag('Revoke', 'revoke the tokens at the logout', false),
}

const headers = {
  set_access_token_header: flag('Pass the access token', 'the upstream gets it in X-Access-Token', true),
  access_token_in_authorization_header: flag('In Authorization', 'pass the access token there instead', false),
  set_id_token_header: flag('Pass the ID token', 'the upstream gets its claims in X-ID-Token, as JSON in base64', true),
  set_raw_id_token_header: flag(
    'Pass the signed ID token',
    'the upstream gets it in X-Raw-ID-Token, as the provider made it',
    false,
  ),
  set_userinfo_header: flag('Pass the user', 'the upstream gets what is known in X-Userinfo, as JSON in base64', true),
  set_refresh_token_header: flag('Pass the refresh token', 'the upstream gets it in X-Refresh-Token', false),
}

const unsupported = {
  accept_none_alg: flag('Unsigned tokens', 'not supported: only false', false),
  accept_unsupported_alg: Type.Boolean({
    title: 'Unknown algorithms',
    description: 'not supported, only false: what cannot be checked is refused',
    default: false,
    examples: [false],
  }),
  force_reauthorize: flag('Log in always', 'not supported: only false', false),
  cache_segment: Type.Optional(text('Cache', 'not supported: no two configurations share a cache', 'a')),
}

const all = Type.Object({ ...client, ...bearer, ...login, ...headers, ...unsupported })

export type Conf = Static<typeof all>
export const schema = Type.Partial(all, { required: ['client_id', 'discovery'] })
