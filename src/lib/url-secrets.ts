// Secrets inside addresses: the password of `https://user:password@host`, the value of `?access_token=`. They are hidden where they stand, so that the
// rest can be read, and put back when an address comes back as it was shown, or with another path on the same host. On another host they are
// not put back: whoever may not read a secret could send it there.

export const HIDDEN = '***'

/** `//user:password@`, up to the last @ before the path. A name alone is a token on many servers. */
const USERINFO = /(\/\/)(?:([^\s/?#"'<>\\@:]*):)?([^\s/?#"'<>\\]+)@/g
/** Query parameters that are named like a secret, by their whole name. */
const PARAMETER = new RegExp(
  `([?&;](?:key|(?:[\\w-]*[_-])?(?:${[
    '(?:access|refresh|id|auth|bearer|session|security)?(?:token|secret)',
    'client_?secret',
    'passw(?:or)?d',
    'pwd',
    'sig',
    'signature',
    'credentials?',
    'auth',
    'authorization',
    '(?:api|access|account|auth|private|secret|shared|signing|subscription)[_-]?key',
  ].join('|')}))=)([^\\s&#"'<>\\\\]+)`,
  'gi',
)
/** Not a secret: what is taken from each request, and a pattern. */
const NO_VALUE = /^(?:\$(?:\{\w+\}|\w+)$|[([]|\.[*+])/
const ANY = /\/\/[^\s/?#]*@|[?&;][\w-]+=/

/** A text in which the secrets of every address are `***`. */
export function hideInUrls(text: string): string {
  return replaceSecrets(text, () => HIDDEN)
}

/** The secrets of every address in a text, as they are written there. */
export function secretsInUrls(text: string): string[] {
  const found: string[] = []
  replaceSecrets(text, (secret) => {
    found.push(secret)
    return HIDDEN
  })
  return found
}

/** Whether a text has an address whose secret is not shown. */
export function holdsHiddenInUrl(text: string): boolean {
  return text.includes(HIDDEN) && secretsInUrls(text).includes(HIDDEN)
}

/** Puts the secrets of `original` back into an address as it was shown. What it has no secret for stays `***`. */
export function restoreUrl(shown: string, original: string): string {
  if (!holdsHiddenInUrl(shown) || !isOneAddress(shown) || originOf(shown) !== originOf(original)) return shown
  const known = new Map<string, string[]>()
  replaceSecrets(original, (secret, name) => {
    known.set(name, [...(known.get(name) ?? []), secret])
    return secret
  })
  return replaceSecrets(shown, (secret, name) => (secret === HIDDEN ? (known.get(name)?.shift() ?? HIDDEN) : secret))
}

/** Of a longer text nobody could say which secret belongs where. */
function isOneAddress(text: string): boolean {
  return !/\s/.test(text) && text.split('//').length <= 2
}

/** All before the path, the secret hidden; of a path alone nothing. */
function originOf(address: string): string {
  return /^[^/?#]*(?:\/\/[^/?#]*)?/.exec(hideInUrls(address))?.[0] ?? ''
}

/** `name`: `user@` of a password, else the parameter as it stands before its value. */
function replaceSecrets(text: string, replace: (secret: string, name: string) => string): string {
  if (!ANY.test(text)) return text
  return text
    .replace(USERINFO, (_, lead: string, user: string | undefined, secret: string) => {
      return `${lead}${user === undefined ? '' : `${user}:`}${replace(secret, '@')}@`
    })
    .replace(PARAMETER, (whole, lead: string, secret: string) =>
      NO_VALUE.test(secret) ? whole : `${lead}${replace(secret, lead.slice(1).toLowerCase())}`,
    )
}
