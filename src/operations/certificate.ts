// When a certificate ends.
import { X509Certificate } from 'node:crypto'

/** Milliseconds since 1970; undefined when the text is no certificate in PEM. */
export function endOfCertificate(pem: string): number | undefined {
  try {
    return new X509Certificate(pem).validToDate.getTime()
  } catch {
    return undefined // whoever asks says so
  }
}
