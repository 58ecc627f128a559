// One line for each request, appended to a file by every thread: a JSON object, or a format with `$variables`. Lines are gathered and written
// together, at the latest after FLUSH_MS.
import { mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { performance } from 'node:perf_hooks'
import { destination } from 'pino'
import type { Exchange } from './exchange.ts'
import { interpolate, type VariableValue } from './variables.ts'

/** Characters that are written to the file at once. */
const GATHERED = 64 * 1024
const FLUSH_MS = 500
/** Bytes that wait for a disk that does not take them; what comes on top is lost. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024

export interface AccessLog {
  write(ctx: Exchange): void
  /** Resolves when everything is written. */
  close(): Promise<void>
}

/** Throws when the file cannot be written. `onLost` hears of lines that the disk did not take in time. */
export function openAccessLog(file: string, format: string | undefined, onLost: (lines: number) => void): AccessLog {
  const out = destination({ dest: open(file), sync: false, maxLength: MAX_WAITING_BYTES })
  out.on('drop', (text: string) => onLost(text.split('\n').length - 1))
  let gathered = ''
  const flush = (): void => {
    if (gathered) out.write(gathered)
    gathered = ''
  }
  // nginx writes its own $request_uri here, what the client has sent; elsewhere it is APISIX's.
  const line = format?.replace(/\$(?:request_uri\b|\{request_uri\})/g, '$$real_request_uri')
  const show = format?.trimStart().startsWith('{') ? inJson : inText
  const timer = setInterval(flush, FLUSH_MS)
  timer.unref()
  return {
    write: (ctx) => {
      gathered += line === undefined ? jsonLine(ctx) : `${interpolate(ctx, line, show).replace(/[\r\n]/g, ' ')}\n`
      if (gathered.length > GATHERED) flush()
    },
    close: () =>
      new Promise((resolve) => {
        clearInterval(timer)
        flush()
        out.once('close', resolve).once('error', resolve)
        out.end()
      }),
  }
}

// What a client sends must end neither a line nor a quoted value: as nginx's `escape=json` and `escape=default` have it.

/** Of a format that is a JSON object. */
function inJson(value: VariableValue): string {
  return JSON.stringify(String(value ?? '')).slice(1, -1)
}

function inText(value: VariableValue): string {
  return value === undefined || value === '' ? '-' : String(value).replace(UNSAFE, toHex)
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSAFE = /["\\\x00-\x1f\x7f]/g

function toHex(character: string): string {
  return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

function open(file: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true })
    return openSync(file, 'a')
  } catch (error) {
    throw new Error(`the access log ${file} cannot be written: ${(error as Error).message}`)
  }
}

/** Put together by hand: less than half of the time that JSON.stringify takes for an object of these members. Absent ones are left out. */
function jsonLine(ctx: Exchange): string {
  const { request, response, upstreamTries: tries } = ctx
  const last = tries[tries.length - 1]
  const elapsedMs = Math.round((performance.now() - ctx.startedAt) * 1000) / 1000
  return (
    `{"time":"${timestamp(Date.now())}"${member('remote_addr', ctx.remoteAddr)}${member('method', request.method)}` +
    `${member('host', request.host)}${member('uri', request.target)},"status":${response.status}` +
    `,"body_bytes_sent":${response.bodyBytes},"request_time_ms":${elapsedMs}${member('route_id', ctx.route?.id)}` +
    `${member('consumer', ctx.consumer?.username)}${member('upstream_addr', last?.address)}` +
    `${last ? `,"upstream_status":${last.status}` : ''}${member('user_agent', request.headers.get('user-agent'))}` +
    `${member('referer', request.headers.get('referer'))}}\n`
  )
}

function member(name: string, value: string | undefined): string {
  return value === undefined ? '' : `,"${name}":${JSON.stringify(value)}`
}

let writtenMs = 0
let written = ''

/** The ISO form of a time, which is the same for all requests of a millisecond. */
function timestamp(nowMs: number): string {
  if (nowMs !== writtenMs) {
    writtenMs = nowMs
    written = new Date(nowMs).toISOString()
  }
  return written
}
