// Guards against cross-site request forgery: every answer sets a signed token as a cookie, and a request with an unsafe method must send it
// back both as the cookie and as a header, which only a page of the same site can do. Tokens are APISIX's: gateways of both kinds with the
// same key take each other's.
import { hash, randomInt } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { cookie } from '../gateway/variables.ts'
import { checkName } from '../lib/header-fields.ts'
import { sameSecret } from '../lib/same-secret.ts'

const schema = Type.Object({
  key: Type.String({ title: 'Key', description: 'what tokens are signed with', examples: ['a-long-secret'] }),
  expires: Type.Optional(
    Type.Integer({
      title: 'Lifetime',
      description: 'seconds that a token is good for; 0: without end',
      default: 7200,
      examples: [3600],
    }),
  ),
  name: Type.Optional(
    Type.String({
      title: 'Name',
      description: 'name of the cookie and of the header',
      default: 'apisix-csrf-token',
      examples: ['x-csrf'],
    }),
  ),
})
type Conf = Required<Static<typeof schema>>

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])
const refuse = (message: string): Reply => ({ status: 401, body: { error_msg: message } })

export default definePlugin<Conf>({
  name: 'csrf',
  version: 0.1,
  priority: 2980,
  schema,
  encrypted: ['key'],
  check(conf, kind) {
    if (kind === 'plugin') checkName('name', conf.name)
  },
  setup(conf, env) {
    const header = conf.name.toLowerCase()
    return {
      access(ctx) {
        if (SAFE_METHODS.has(ctx.request.method)) return undefined
        const sent = ctx.request.headers.get(header)
        if (!sent) return refuse('no csrf token in headers')
        const kept = cookie(ctx, conf.name)
        if (!kept) return refuse('no csrf cookie')
        if (sent !== kept) return refuse('csrf token mismatch')
        return isGenuine(kept, conf, env.now()) ? undefined : refuse('Failed to verify the csrf token signature')
      },
      header_filter(ctx) {
        const now = env.now()
        const expires = new Date(now + conf.expires * 1000).toUTCString()
        const token = makeToken(conf.key, now)
        ctx.response.headers.add('Set-Cookie', `${conf.name}=${token};path=/;SameSite=Lax;Expires=${expires}`)
      },
    }
  },
})

/** Random numbers stay below this: Lua writes longer ones with an exponent, and would sign another text. */
const MAX_RANDOM = 1e14

function makeToken(key: string, nowMs: number): string {
  const random = randomInt(MAX_RANDOM)
  const expires = Math.floor(nowMs / 1000)
  const sign = signatureOf(String(expires), String(random), key)
  return Buffer.from(JSON.stringify({ random, expires, sign })).toString('base64')
}

/** Numbers are signed as they are written. `expires` is when the token was made. */
function isGenuine(token: string, conf: Conf, nowMs: number): boolean {
  const text = Buffer.from(token, 'base64').toString()
  const part = (pattern: RegExp): string => pattern.exec(text)?.[1] ?? ''
  const made = part(/"expires":(\d{1,15})[,}]/)
  const expected = signatureOf(made, part(/"random":([\d.e+-]{1,32})[,}]/), conf.key)
  if (!sameSecret(part(/"sign":"([0-9a-f]{64})"/), expected)) return false
  return conf.expires <= 0 || nowMs / 1000 - Number(made) <= conf.expires
}

function signatureOf(expires: string, random: string, key: string): string {
  return hash('sha256', `{expires:${expires},random:${random},key:${key}}`)
}
