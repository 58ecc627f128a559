// Texts encrypted in files of the data directory (AES-256-GCM), with a key that lies beside them, readable by the owner only: a file that is
// copied or backed up alone tells nothing, and one that was edited does not open.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { lineIn } from './made-file.ts'

export interface Sealer {
  seal(text: string): Buffer
  /** Throws when the bytes were sealed with another key, or changed. */
  open(sealed: Uint8Array): string
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** With the key of a data directory, made when there is none; undefined: with one that is kept nowhere. */
export function openSealer(directory: string | undefined): Sealer {
  const newKey = (): string => randomBytes(32).toString('hex')
  const key = Buffer.from(directory === undefined ? newKey() : lineIn(directory, 'ledger.key', newKey), 'hex')
  return {
    seal: (text) => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed])
    },
    open: (sealed) => {
      const bytes = Buffer.from(sealed)
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString()
    },
  }
}
