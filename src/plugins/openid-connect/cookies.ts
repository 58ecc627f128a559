// Values that a browser keeps for the gateway and can neither read nor change: AES-256-GCM under a key made of the session's secret.
//
// The key also depends on the provider and the client, so that a session of one client is nothing to another one with the same secret; the
// purpose of a cookie is authenticated with it, so that a login under way cannot stand in for a session. A value too long for one cookie is
// cut into several; one too long for those is not written at all.
import { createCipheriv, createDecipheriv, hash, hkdfSync, randomBytes } from 'node:crypto'
import type { Exchange } from '../../gateway/exchange.ts'
import { cookie } from '../../gateway/variables.ts'
import type { SessionConf } from './session.ts'

const CHUNK_BYTES = 3800
const MAX_CHUNKS = 4
const IV_BYTES = 12
const TAG_BYTES = 16

type Purpose = 'session' | 'login'

export class CookieBox {
  readonly #key: Buffer
  readonly #conf: SessionConf
  /** What all names of cookies have in common. */
  readonly #common: string
  /** The names of a value's parts. */
  readonly #names: Record<Purpose, string[]>

  /** `owner`: what tells clients apart. */
  constructor(conf: SessionConf, owner: string) {
    this.#conf = conf
    this.#key = Buffer.from(hkdfSync('sha256', conf.secret, '', `gateward openid-connect ${owner}`, 32))
    const suffix = hash('sha256', owner).slice(0, 8)
    this.#common = conf.cookie_name ?? suffix
    const name = (purpose: Purpose, index: number): string => {
      if (conf.cookie_name === undefined) return `gateward_${purpose}_${suffix}_${index}`
      return `${conf.cookie_name}${purpose === 'login' ? '_login' : ''}${index ? `_${index}` : ''}`
    }
    const all = (purpose: Purpose) => Array.from({ length: MAX_CHUNKS }, (_, index) => name(purpose, index))
    this.#names = { session: all('session'), login: all('login') }
  }

  /** What the browser has kept, as long as it has not ended; undefined when it is absent, changed, or too old. */
  read<T extends { until: number }>(ctx: Exchange, purpose: Purpose, nowMs: number): T | undefined {
    let sealed = ''
    for (const name of this.#names[purpose]) {
      const part = cookie(ctx, name)
      if (!part) break
      sealed += part
    }
    const value = sealed === '' ? undefined : (this.open(sealed, purpose) as T | undefined)
    return value && value.until > nowMs ? value : undefined
  }

  /** The Set-Cookie fields that make the browser keep `value`. Throws when it is too long. */
  write(ctx: Exchange, purpose: Purpose, value: { until: number }, nowMs: number): string[] {
    const sealed = this.seal(JSON.stringify(value), purpose)
    const parts = sealed.match(new RegExp(`.{1,${CHUNK_BYTES}}`, 'g')) ?? []
    if (parts.length > MAX_CHUNKS)
      throw new Error(`the ${purpose} takes ${sealed.length} bytes, cookies have room for ${CHUNK_BYTES * MAX_CHUNKS}`)
    const maxAge = Math.max(1, Math.floor((value.until - nowMs) / 1000))
    const names = this.#names[purpose]
    const written = parts.map((part, index) => this.#field(ctx, purpose, names[index] as string, part, maxAge))
    return [...written, ...this.forget(ctx, purpose, parts.length)]
  }

  /** The Set-Cookie fields that make the browser forget what it keeps, from the part `first` on. */
  forget(ctx: Exchange, purpose: Purpose, first = 0): string[] {
    const kept = this.#names[purpose].slice(first).filter((name) => cookie(ctx, name) !== undefined)
    return kept.map((name) => this.#field(ctx, purpose, name, '', 0))
  }

  /** Takes these cookies from the request: the upstream has no use for them. */
  hide(ctx: Exchange): void {
    const { headers } = ctx.request
    const all = headers.getAll('cookie')
    if (!all.some((line) => line.includes(this.#common))) return
    const own = new Set([...this.#names.session, ...this.#names.login])
    const kept = all
      .flatMap((line) => line.split(';').map((one) => one.trim()))
      .filter((one) => one && !own.has(one.split('=', 1)[0] as string))
    if (kept.length) headers.set('Cookie', kept.join('; '))
    else headers.remove('cookie')
  }

  #field(ctx: Exchange, purpose: Purpose, name: string, value: string, maxAgeS: number): string {
    const { cookie_path: path = '/', cookie_domain, cookie_secure, cookie_http_only, cookie_same_site } = this.#conf
    let field = `${name}=${value}; Path=${path}; Max-Age=${maxAgeS}`
    if (cookie_domain !== undefined) field += `; Domain=${cookie_domain}`
    if (cookie_http_only !== false) field += '; HttpOnly'
    // The provider, another site, sends the browser back: without its cookie that login would not be known.
    const sameSite = purpose === 'login' && cookie_same_site === 'Strict' ? 'Lax' : (cookie_same_site ?? 'Lax')
    if (sameSite !== 'Default') field += `; SameSite=${sameSite}`
    return (cookie_secure ?? ctx.request.scheme === 'https') ? `${field}; Secure` : field
  }

  seal(text: string, purpose: Purpose): string {
    const iv = randomBytes(IV_BYTES)
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(purpose))
    const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url')
  }

  /** Undefined when it is not ours, of another purpose, or was changed. */
  open(sealed: string, purpose: Purpose): unknown {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, IV_BYTES))
    decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    const body = decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES))
    try {
      return JSON.parse(Buffer.concat([body, decipher.final()]).toString())
    } catch {
      // Not ours, of another secret, or changed on the way: as good as none.
      return undefined
    }
  }
}
