// AWS Secrets Manager: GetSecretValue, signed with Signature Version 4. A secret is a JSON object; a reference names one of its members.
import { AwsV4Signer } from 'aws4fetch'
import { ask, type FetchSecret, NoSuchSecret, parseObject } from './contract.ts'

const CONTENT_TYPE = 'application/x-amz-json-1.1'

/** The current version of a secret. As in APISIX, of `endpoint_url` only scheme, host and port count. */
export const fetchFromAws: FetchSecret = async (conf, name, deps) => {
  const region = String(conf.region ?? 'us-east-1')
  const endpoint = new URL(String(conf.endpoint_url ?? `https://secretsmanager.${region}.amazonaws.com`))
  const signer = new AwsV4Signer({
    method: 'POST',
    url: `${endpoint.protocol}//${endpoint.host}/`,
    headers: { 'Content-Type': CONTENT_TYPE, 'X-Amz-Target': 'secretsmanager.GetSecretValue' },
    body: JSON.stringify({ SecretId: name, VersionStage: 'AWSCURRENT' }),
    accessKeyId: String(conf.access_key_id),
    secretAccessKey: String(conf.secret_access_key),
    sessionToken: conf.session_token === undefined ? undefined : String(conf.session_token),
    service: 'secretsmanager',
    region,
    datetime: new Date(deps.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  })
  const { url, headers, body } = await signer.sign()
  const answer = await ask(deps, url.href, { method: 'POST', headers: [...headers], body: body as string })
  if (answer.status !== 200) throw refusal(answer.status, answer.body)
  const { SecretString: text } = parseObject(answer.body, 'its answer')
  if (typeof text !== 'string') throw new Error('its answer has no SecretString')
  return parseObject(text, `the secret ${name}`)
}

function refusal(status: number, body: Buffer): Error {
  // `ResourceNotFoundException`, with or without a namespace before it.
  const type = /"__type"\s*:\s*"(?:[\w.]+#)?(\w{1,80})"/.exec(body.toString())?.[1]
  const message = `it answered ${status}${type ? ` ${type}` : ''}`
  return type === 'ResourceNotFoundException' ? new NoSuchSecret(message) : new Error(message)
}
