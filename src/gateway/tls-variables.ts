// nginx's `ssl_*` variables of a request on a TLS connection.
import { X509Certificate } from 'node:crypto'
import type { ClientCertificate, Exchange } from './exchange.ts'

type Resolve = (ctx: Exchange) => string | undefined

const DAY_MS = 86_400_000

const certificate =
  (pick: (one: ClientCertificate) => string | undefined): Resolve =>
  ({ connection }) =>
    connection.tls?.clientCertificate && pick(connection.tls.clientCertificate)

export const TLS_VARIABLES: [name: string, resolve: Resolve][] = [
  ['ssl_server_name', ({ connection }) => connection.tls?.sni],
  ['ssl_protocol', ({ connection }) => connection.tls?.protocol],
  ['ssl_cipher', ({ connection }) => connection.tls?.cipher],
  ['ssl_client_verify', ({ connection: { tls } }) => tls && (tls.clientCertificate?.verify ?? 'NONE')],
  ['ssl_client_s_dn', certificate(({ subject }) => subject)],
  ['ssl_client_i_dn', certificate(({ issuer }) => issuer)],
  ['ssl_client_serial', certificate(({ serial }) => serial)],
  ['ssl_client_fingerprint', certificate(({ fingerprint }) => fingerprint)],
  ['ssl_client_raw_cert', certificate(({ raw }) => raw)],
  // A header field may go over several lines only where each begins with a tab.
  ['ssl_client_cert', certificate(({ raw }) => raw.trimEnd().replaceAll('\n', '\n\t'))],
  ['ssl_client_escaped_cert', certificate(({ raw }) => encodeURIComponent(raw))],
  ['ssl_client_v_start', certificate(({ raw }) => new X509Certificate(raw).validFrom)],
  ['ssl_client_v_end', certificate(({ raw }) => new X509Certificate(raw).validTo)],
  ['ssl_client_v_remain', certificate(({ raw }) => daysLeft(new X509Certificate(raw)))],
]

function daysLeft({ validToDate }: X509Certificate): string {
  return String(Math.max(0, Math.floor((validToDate.getTime() - Date.now()) / DAY_MS)))
}
