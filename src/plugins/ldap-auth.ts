// Asks for a user name and a password (RFC 7617), lets an LDAP server check them by a bind, and makes the request that consumer's whose `user_dn`
// was bound. Nothing is kept: each request is a bind, so that a changed password holds at once.
import type { Client } from 'ldapts'
import Type, { type Static } from 'typebox'
import { authFields, basicCredentials, basicRefusals, endAuthentication, hideAuthorization } from '../gateway/auth.ts'
import type { Identity } from '../gateway/consumers.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'

const TIMEOUT_MS = 10_000
/** Binds under way at a time; more answer 503, so that a slow server cannot fill the memory. */
const MAX_BINDS = 256
const UNAVAILABLE: Reply = { status: 503, body: { message: 'the server that knows the users does not answer' } }
const ADDRESS = /^(?:(ldaps?):\/\/)?([^\s:/]+|\[[0-9A-Fa-f:]+\])(?::(\d{1,5}))?\/?$/

const schema = Type.Object({
  base_dn: Type.String({
    title: 'Base DN',
    description: 'where the users are',
    minLength: 1,
    examples: ['ou=users,dc=example,dc=org'],
  }),
  ldap_uri: Type.String({
    title: 'Server',
    description: 'address of the LDAP server; the port is 389, with TLS 636, unless it is given',
    pattern: ADDRESS.source,
    examples: ['127.0.0.1:1389'],
  }),
  use_tls: Type.Boolean({
    title: 'TLS',
    description: 'whether to speak TLS from the start',
    default: false,
    examples: [true],
  }),
  tls_verify: Type.Boolean({
    title: 'Verify',
    description: "whether the server's certificate must be good",
    default: false,
    examples: [true],
  }),
  uid: Type.String({
    title: 'User attribute',
    description: 'attribute of the DN that the user name is',
    default: 'cn',
    pattern: '^[A-Za-z][A-Za-z0-9.-]*$',
    examples: ['uid'],
  }),
  ...authFields('ldap'),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'ldap-auth',
  version: 0.1,
  priority: 2540,
  type: 'auth',
  schema: Type.Partial(schema, { required: ['base_dn', 'ldap_uri'] }),
  consumerSchema: Type.Object({
    user_dn: Type.String({
      title: 'User DN',
      description: 'tells this consumer apart',
      minLength: 1,
      examples: ['cn=jack,ou=users,dc=example,dc=org'],
    }),
  }),
  consumerKey: 'user_dn',
  setup(conf, env) {
    const { missing, malformed, invalid } = basicRefusals(conf.realm)
    let binds = 0

    /** Undefined when too many binds are under way. Throws when the server cannot be asked. */
    const authenticate = async (ctx: Exchange): Promise<Identity | Reply | undefined> => {
      const written = ctx.request.headers.get('authorization')
      if (written === undefined) return missing
      const credentials = basicCredentials(written)
      if (!credentials) return malformed
      // RFC 4513 5.1.2: a bind without a password succeeds for every name.
      if (!credentials.username || !credentials.password) return invalid
      const dn = `${conf.uid}=${escapeDn(credentials.username)},${conf.base_dn}`
      if (binds >= MAX_BINDS) return undefined
      binds++
      try {
        return ((await bind(conf, dn, credentials.password)) && env.consumers.find('ldap-auth', dn)) || invalid
      } finally {
        binds--
      }
    }
    return {
      async rewrite(ctx) {
        try {
          const found = await authenticate(ctx)
          return found ? endAuthentication(ctx, env, conf, found, hideAuthorization) : UNAVAILABLE
        } catch (error) {
          const fields = { err: error, route_id: ctx.route?.id, ldap_uri: conf.ldap_uri }
          env.log.error(fields, 'the LDAP server cannot be asked')
          return UNAVAILABLE
        }
      },
    }
  },
})

/** RFC 4514 2.4: characters that have a meaning in a DN, as their hexadecimal value. */
function escapeDn(value: string): string {
  return value.replace(/[\p{Cc},+"\\<>;=#]|^ | $/gu, (found) => `\\${Buffer.from(found).toString('hex')}`)
}

/** Whether the server takes the password for this name. Rejects when it cannot be asked. */
async function bind(conf: Conf, dn: string, password: string): Promise<boolean> {
  const { Client, BusyError, ResultCodeError, UnavailableError } = await import('ldapts')
  const [, scheme, host, port] = ADDRESS.exec(conf.ldap_uri) as unknown as [string, string?, string?, string?]
  const secure = conf.use_tls || scheme === 'ldaps'
  const client: Client = new Client({
    url: `ldap${secure ? 's' : ''}://${host}:${port ?? (secure ? 636 : 389)}`,
    timeout: TIMEOUT_MS,
    connectTimeout: TIMEOUT_MS,
    ...(secure && { tlsOptions: { rejectUnauthorized: conf.tls_verify } }),
  })
  try {
    await client.bind(dn, password)
    return true
  } catch (error) {
    if (error instanceof ResultCodeError && !(error instanceof BusyError || error instanceof UnavailableError))
      return false
    throw error
  } finally {
    await client.unbind().catch(() => {}) // closing a connection that the server has closed
  }
}
