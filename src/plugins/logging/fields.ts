// The schema fields that logger plugins share, under APISIX's names and defaults: what an entry holds (`entryFields`), which bodies
// (`bodyFields`), how entries are gathered (`batchFields`), and the plugins' metadata.
import Type, { type Static } from 'typebox'
import { checkVars } from '../../gateway/router/vars.ts'

const format = (title: string, description: string) =>
  Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), {
      title,
      description,
      examples: [{ host: '$host', client_ip: '$remote_addr', request: { method: '$request_method' } }],
    }),
  )

const FORMAT =
  'what an entry holds instead of the default: constants, `$variables`, objects up to five levels deep; overrides the one in the plugin metadata'

export const entryFields = {
  log_format: format('Log format', FORMAT),
  log_format_extra: format('More fields', 'fields added to the default entry, written as in log_format'),
}

const expression = (which: string) =>
  Type.Optional(
    Type.Array(Type.Unknown(), {
      title: `Condition for the ${which} body`,
      description: `expressions over variables; the ${which} body is logged only when they hold`,
      minItems: 1,
      examples: [[['arg_debug', '==', 'yes']]],
    }),
  )

const bodyBytes = (which: string) =>
  Type.Optional(
    Type.Integer({
      title: `Bytes of the ${which} body`,
      description: `a longer ${which} body is cut off here`,
      minimum: 1,
      default: 524288,
      examples: [4096],
    }),
  )

const include = (which: string) =>
  Type.Optional(
    Type.Boolean({
      title: `With the ${which} body`,
      description: `log the ${which} body; not with log_format, where \`$${which === 'request' ? 'request' : 'resp'}_body\` names it`,
      default: false,
      examples: [true],
    }),
  )

export const bodyFields = {
  include_req_body: include('request'),
  include_req_body_expr: expression('request'),
  include_resp_body: include('response'),
  include_resp_body_expr: expression('response'),
  max_req_body_bytes: bodyBytes('request'),
  max_resp_body_bytes: bodyBytes('response'),
}

const seconds = (title: string, description: string, minimum: number, otherwise: number) =>
  Type.Optional(Type.Integer({ title, description, minimum, default: otherwise, examples: [10] }))

/** `name`: what the batch processor is called in metrics and in the gateway's own log. */
export function batchFields(name: string) {
  return {
    name: Type.Optional(
      Type.String({
        title: 'Name',
        description: "what this logger is called in the metric apisix_batch_process_entries and in the gateway's log",
        default: name,
        examples: ['my logger'],
      }),
    ),
    batch_max_size: Type.Optional(
      Type.Integer({
        title: 'Entries of a batch',
        description: 'a batch of so many entries is sent at once',
        minimum: 1,
        default: 1000,
        examples: [100],
      }),
    ),
    inactive_timeout: seconds(
      'Inactive timeout',
      'seconds without a new entry after which a batch is sent as it is',
      1,
      5,
    ),
    buffer_duration: seconds('Buffer duration', 'seconds that the oldest entry of a batch waits at most', 1, 60),
    max_retry_count: Type.Optional(
      Type.Integer({
        title: 'Retries',
        description: 'further tries to send a batch before it is dropped',
        minimum: 0,
        default: 0,
        examples: [3],
      }),
    ),
    retry_delay: seconds('Retry delay', 'seconds before a batch is tried again', 0, 1),
  }
}

export const pendingField = {
  max_pending_entries: Type.Optional(
    Type.Integer({
      title: 'Pending entries',
      description: 'entries of one configuration in one thread that wait at most; further ones are dropped and counted',
      minimum: 1,
      default: 8192,
      examples: [1000],
    }),
  ),
}

export const loggerMetadata = Type.Object({ ...entryFields, ...pendingField })

const common = Type.Object({ ...entryFields, ...bodyFields })
const batch = Type.Object(batchFields(''))

export type EntryConf = Static<typeof common>
export type BatchConf = Static<typeof batch>

/** Beyond the schema, for the fields of this file; throws an Error in APISIX's words. */
export function checkLogger(conf: EntryConf, kind: string): void {
  if (kind !== 'plugin') return
  for (const field of ['include_req_body_expr', 'include_resp_body_expr'] as const) {
    const written = conf[field]
    const message = written && checkExpression(written)
    if (message) throw new Error(`failed to validate the '${field}' expression: ${message}`)
  }
}

function checkExpression(expression: unknown[]): string | undefined {
  if (expression.some((rule) => Array.isArray(rule) && rule.length < 2)) return 'invalid expression'
  return checkVars(expression)
}
