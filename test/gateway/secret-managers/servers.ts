// Small servers that speak the wire formats of secret managers and are strict about them: a request that the real one would refuse is refused.
import { createHash, createHmac, createVerify, generateKeyPairSync, type KeyObject } from 'node:crypto'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

export interface Answer {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

type Asked = { method: string; path: string; headers: http.IncomingHttpHeaders; body: string }

export interface ManagerServer {
  url: string
  asked: Asked[]
  /** Answers everything instead of the real rules, until it is undefined again. */
  instead: Answer | undefined
}

async function serve(answer: (request: Asked) => Answer): Promise<ManagerServer> {
  const self: ManagerServer = { url: '', asked: [], instead: undefined }
  const server = http.createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const asked = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body }
    self.asked.push(asked)
    const { status, body: text = '', headers = {} } = self.instead ?? answer(asked)
    response.writeHead(status, headers).end(typeof text === 'string' ? text : JSON.stringify(text))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.close()
    server.closeAllConnections()
  })
  self.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return self
}

/** Vault: `secrets` by path below /v1, as the engine of version 1 or (`metadata` beside `data`) 2 stores them. */
export function serveVault(
  token: string,
  namespace: string | undefined,
  secrets: Record<string, object>,
): Promise<ManagerServer> {
  return serve(({ method, path, headers }) => {
    if (headers['x-vault-token'] !== token || headers['x-vault-namespace'] !== namespace)
      return { status: 403, body: { errors: ['permission denied'] } }
    const data = method === 'GET' && path.startsWith('/v1/') ? secrets[path.slice('/v1/'.length)] : undefined
    return data ? { status: 200, body: { data } } : { status: 404, body: { errors: [] } }
  })
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** AWS Secrets Manager, which computes the signature again by the rules of Signature Version 4. */
export function serveAws(
  account: { id: string; secret: string; session: string; region: string },
  secrets: Record<string, string>,
): Promise<ManagerServer> {
  return serve((request) => {
    if (!isSigned(request, account)) return { status: 400, body: { __type: 'InvalidSignatureException' } }
    if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue')
      return { status: 400, body: { __type: 'UnknownOperationException' } }
    const { SecretId: id, VersionStage: stage } = JSON.parse(request.body) as Record<string, string>
    const text = stage === 'AWSCURRENT' ? secrets[id as string] : undefined
    return text === undefined
      ? { status: 400, body: { __type: 'com.amazonaws.secretsmanager#ResourceNotFoundException' } }
      : { status: 200, body: { Name: id, SecretString: text } }
  })
}

function isSigned(
  { method, path, headers, body }: Asked,
  account: { id: string; secret: string; session: string; region: string },
): boolean {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/secretsmanager\/aws4_request, SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      headers.authorization ?? '',
    )
  if (!found || headers['x-amz-security-token'] !== account.session) return false
  const [, id, day, region, names, signature] = found as unknown as string[]
  if (id !== account.id || region !== account.region) return false
  const canonicalHeaders = (names as string)
    .split(';')
    .map((name) => `${name}:${headers[name]}\n`)
    .join('')
  if (!/(^|;)host(;|$)/.test(names as string)) return false
  const canonical = [method, path, '', canonicalHeaders, names, sha256(body)].join('\n')
  const scope = `${day}/${region}/secretsmanager/aws4_request`
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n')
  const key = hmac(
    hmac(hmac(hmac(`AWS4${account.secret}`, day as string), region as string), 'secretsmanager'),
    'aws4_request',
  )
  return hmac(key, text).toString('hex') === signature
}

/** Google's token address and Secret Manager in one, with the service account that it knows. */
export async function serveGcp(secrets: Record<string, string>): Promise<
  ManagerServer & {
    account: { client_email: string; private_key: string; project_id: string; token_uri: string; entries_uri: string }
  }
> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const email = 'gateway@project.example'
  const server: ManagerServer = await serve(({ method, path, headers, body }) => {
    if (path === '/token')
      return isAssertion(body, publicKey, email, `${server.url}/token`)
        ? { status: 200, body: { access_token: 'one-token', expires_in: 3600 } }
        : { status: 400, body: {} }
    if (headers.authorization !== 'Bearer one-token') return { status: 401, body: {} }
    const name = /^\/v1\/projects\/project-1\/secrets\/([\w-]+)\/versions\/latest:access$/.exec(path)?.[1]
    const text = method === 'GET' && name ? secrets[name] : undefined
    return text === undefined
      ? { status: 404, body: {} }
      : { status: 200, body: { payload: { data: Buffer.from(text).toString('base64') } } }
  })
  const account = {
    client_email: email,
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    project_id: 'project-1',
    token_uri: `${server.url}/token`,
    entries_uri: `${server.url}/v1`,
  }
  return Object.assign(server, { account })
}

function isAssertion(body: string, key: KeyObject, issuer: string, audience: string): boolean {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return false
  const [head, claims, signature] = (form.get('assertion') ?? '').split('.')
  if (
    !createVerify('sha256')
      .update(`${head}.${claims}`)
      .verify(key, signature ?? '', 'base64url')
  )
    return false
  const { iss, aud, scope, iat, exp } = JSON.parse(Buffer.from(claims ?? '', 'base64url').toString())
  return (
    iss === issuer &&
    aud === audience &&
    scope === 'https://www.googleapis.com/auth/cloud-platform' &&
    exp > iat &&
    exp - iat <= 3600
  )
}
