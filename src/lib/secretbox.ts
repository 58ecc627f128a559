// Encryption of secret fields as APISIX stores them: AES-CBC with PKCS padding, the key also as initial vector, base64. A key of 16
// characters is AES-128 (APISIX's only one), one of 32 AES-256 with its first half as initial vector. The same text always gives the same
// ciphertext: that is what APISIX's clients compare, and what lets nodes share an etcd. It hides, it does not authenticate.

import { createCipheriv, createDecipheriv } from 'node:crypto'

/** Encrypts with the first key of a ring; decrypts with any, so that a new key can be put in front of the old ones. */
export class Secretbox {
  readonly #keyring: string[]

  /** `keyring`: at least one key of 16 or 32 ASCII characters. */
  constructor(keyring: string[]) {
    if (keyring.length === 0) throw new Error('creating a key ring: found no key, expected at least one')
    for (const key of keyring) algorithmOf(key)
    this.#keyring = [...keyring]
  }

  /** Base64 of the ciphertext. */
  encrypt(text: string): string {
    const key = this.#keyring[0] as string
    const cipher = createCipheriv(algorithmOf(key), key, key.slice(0, 16))
    return cipher.update(text, 'utf8', 'base64') + cipher.final('base64')
  }

  /** The text, or undefined when no key of the ring fits: then it was stored in clear or with a key that has gone. */
  decrypt(ciphertext: string): string | undefined {
    const bytes = Buffer.from(ciphertext, 'base64')
    if (bytes.length === 0 || bytes.length % 16 !== 0 || bytes.toString('base64') !== ciphertext) return undefined
    for (const key of this.#keyring) {
      const text = decryptWith(key, bytes)
      if (text !== undefined) return text
    }
    return undefined
  }
}

function decryptWith(key: string, bytes: Buffer): string | undefined {
  const decipher = createDecipheriv(algorithmOf(key), key, key.slice(0, 16))
  try {
    const plain = Buffer.concat([decipher.update(bytes), decipher.final()])
    // A wrong key's padding fits by chance once in 256 times; text that is not UTF-8 gives it away.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

function algorithmOf(key: string): string {
  const bytes = Buffer.byteLength(key)
  if (bytes === 16) return 'aes-128-cbc'
  if (bytes === 32) return 'aes-256-cbc'
  throw new Error(`creating a key ring: found a key of ${bytes} bytes, expected 16 or 32`)
}
