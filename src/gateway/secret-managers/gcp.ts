// Google Cloud Secret Manager: a service account signs a JWT, gets an access token for it, and reads the latest version of a secret, which is
// a JSON object of which a reference names one member. Tokens are kept until they end.
import { readFile } from 'node:fs/promises'
import { importPKCS8, SignJWT } from 'jose'
import { isObject } from '../../lib/is-object.ts'
import type { Resource } from '../../resources/kinds.ts'
import { ask, encodePath, type FetchSecret, type ManagerDeps, NoSuchSecret, parseObject } from './contract.ts'

/** A service account, as the resource or its file tells it. */
interface Account {
  email: string
  privateKey: string
  project: string
  tokenUri: string
  entriesUri: string
  scope: string
}

const TOKEN_URI = 'https://oauth2.googleapis.com/token'
const ENTRIES_URI = 'https://secretmanager.googleapis.com/v1'
const SCOPES = ['https://www.googleapis.com/auth/cloud-platform']
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ASSERTION_SECONDS = 3600
/** A token is not used in its last seconds. */
const MARGIN_SECONDS = 30
const MAX_TOKENS = 64

/** Makes the manager with its own tokens. */
export function gcpFetcher(): FetchSecret {
  const tokens = new Map<string, { token: string; until: number }>()

  const tokenOf = async (account: Account, tlsVerify: boolean, deps: ManagerDeps): Promise<string> => {
    const key = JSON.stringify(account)
    const known = tokens.get(key)
    if (known && known.until > deps.now()) return known.token
    const { token, seconds } = await newToken(account, tlsVerify, deps)
    if (tokens.size >= MAX_TOKENS) tokens.clear()
    tokens.set(key, { token, until: deps.now() + (seconds - MARGIN_SECONDS) * 1000 })
    return token
  }

  return async (conf, name, deps) => {
    const account = await readAccount(conf)
    const tlsVerify = conf.ssl_verify !== false
    const token = await tokenOf(account, tlsVerify, deps)
    const path = `projects/${encodePath(account.project)}/secrets/${encodePath(name)}/versions/latest:access`
    const headers = { Authorization: `Bearer ${token}` }
    const answer = await ask(deps, `${account.entriesUri.replace(/\/+$/, '')}/${path}`, { headers, tlsVerify })
    if (answer.status === 404) throw new NoSuchSecret(`it has no secret ${path}`)
    if (answer.status === 401) tokens.clear()
    if (answer.status !== 200) throw new Error(`it answered ${answer.status} for ${path}`)
    const { payload } = parseObject(answer.body, 'its answer')
    if (!isObject(payload) || typeof payload.data !== 'string') throw new Error('its answer has no payload')
    return parseObject(Buffer.from(payload.data, 'base64'), `the secret ${name}`)
  }
}

async function newToken(
  account: Account,
  tlsVerify: boolean,
  deps: ManagerDeps,
): Promise<{ token: string; seconds: number }> {
  const issued = Math.floor(deps.now() / 1000)
  const assertion = await new SignJWT({ scope: account.scope })
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
    .setIssuer(account.email)
    .setAudience(account.tokenUri)
    .setIssuedAt(issued)
    .setExpirationTime(issued + ASSERTION_SECONDS)
    .sign(await importPKCS8(account.privateKey, 'RS256'))
  const { status, body } = await ask(deps, account.tokenUri, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: GRANT, assertion }).toString(),
    tlsVerify,
  })
  if (status !== 200) throw new Error(`its token address answered ${status}`)
  const { access_token: token, expires_in: seconds } = parseObject(body, 'the answer of its token address')
  if (typeof token !== 'string' || token === '') throw new Error('its token address gave no access_token')
  return { token, seconds: typeof seconds === 'number' ? seconds : ASSERTION_SECONDS }
}

async function readAccount(conf: Resource): Promise<Account> {
  const written = isObject(conf.auth_config) ? conf.auth_config : await readAuthFile(String(conf.auth_file))
  const text = (name: string, otherwise?: string): string => {
    const value = written[name] ?? otherwise
    if (typeof value !== 'string' || value === '') throw new Error(`its service account has no ${name}`)
    return value
  }
  const scopes = Array.isArray(written.scope) && written.scope.length ? written.scope : SCOPES
  return {
    email: text('client_email'),
    privateKey: text('private_key'),
    project: text('project_id'),
    tokenUri: text('token_uri', TOKEN_URI),
    entriesUri: text('entries_uri', ENTRIES_URI),
    scope: scopes.join(' '),
  }
}

async function readAuthFile(file: string): Promise<Record<string, unknown>> {
  return parseObject(await readFile(file), `its auth_file ${file}`)
}
