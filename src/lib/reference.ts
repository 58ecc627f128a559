// References in configuration, which name where a secret is instead of holding it: `$env://NAME`, `$secret://MANAGER/ID/PATH/MEMBER`.
// Their scheme is read in any case, as APISIX does.

const REFERENCE = /^\$(?:env|secret):\/\//i
const SECRET_REFERENCE = /^\$secret:\/\//i

/** Whether a value of a configuration is a reference of either kind. */
export function isReference(value: unknown): boolean {
  return typeof value === 'string' && REFERENCE.test(value)
}

/** Whether it is one that a secret manager resolves. */
export function isSecretReference(value: unknown): boolean {
  return typeof value === 'string' && SECRET_REFERENCE.test(value)
}
