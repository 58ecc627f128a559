// What is a secret by its name, wherever it stands: a member `client_secret`, a header `X-Api-Key`, a variable `http_authorization`, a line
// `Authorization: Bearer ...`. Kept apart from places (redact.ts) and addresses (url-secrets.ts), which know secrets otherwise.
import { isReference } from './reference.ts'
import { HIDDEN } from './url-secrets.ts'

/** Members that hide what they hold, in any plugin or resource: passwords, tokens and the like, by their whole name. */
const SECRET_NAME =
  /^(?:.*_)?(?:password|passwd|passphrase|pwd|secret|client_secret|private_key|client_key|access_?key|secret_?key|secret_access_key|session_token|api_key|apikey|(?:account|app|auth|license|master|shared|signing|subscription)_?key|token|jwt|auth_token|authorization|auth_header|cookie|session_secret|credentials?_json)$/i

/** A header `X-Functions-Key` holds one; these do not. Members of a configuration have no dashes in their names. */
const KEY_HEADER = /-key$/i
const NO_KEY_HEADER = /^(?:x-)?(?:cache|idempotency|partition|routing|sec-websocket|surrogate|sort)-key$/i

/** Header and query names are written with dashes: X-Api-Key is an api_key. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replaceAll('-', '_')) || (KEY_HEADER.test(name) && !NO_KEY_HEADER.test(name))
}

/** Variables that hold what a client has sent under a name. */
const SENT = /^(?:http|arg|cookie|post_arg)[_.](.+)$/

/** Whether a condition on this variable compares with what only who knows a secret can send. */
export function isSecretVariable(name: unknown): boolean {
  const sent = typeof name === 'string' ? SENT.exec(name)?.[1] : undefined
  return sent !== undefined && isSecretName(sent.replace(/^.*\./, ''))
}

/** A header as one text: `Authorization: Bearer ...`. */
const LINE = /^([!#$%&'*+.^_`|~\w-]+)(:[\t ]*)(\S.*)$/

function lineOf(text: string): { name: string; lead: string; value: string } | undefined {
  const [, name, colon, value] = LINE.exec(text) ?? []
  if (name === undefined || !isSecretName(name)) return undefined
  return { name: name.toLowerCase(), lead: `${name}${colon}`, value: value as string }
}

/** What a header line keeps secret; undefined when it is none. Not what is taken from each request. */
export function secretInLine(text: string): string | undefined {
  const value = lineOf(text)?.value
  return value === undefined || isReference(value) || /^\$(?:\{\w+\}|\w+)$/.test(value) ? undefined : value
}

/** The line with `***` for its value. */
export function hideInLine(text: string): string {
  return `${lineOf(text)?.lead}${HIDDEN}`
}

/** Puts the value back into a line as it was shown, where the original is of the same name. */
export function restoreLine(shown: string, original: string): string | undefined {
  const line = lineOf(shown)
  return line?.value === HIDDEN && lineOf(original)?.name === line.name ? original : undefined
}
