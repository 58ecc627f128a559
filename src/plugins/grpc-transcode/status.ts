// What a gRPC status is in HTTP, and what its details say.
import protobuf from 'protobufjs'
import { readOptions, toJson } from './decode.ts'

/** HTTP statuses by gRPC status (google.rpc.Code). */
const HTTP_STATUSES = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401]
const UNKNOWN_STATUS = 599

export function httpStatus(grpcStatus: string): number {
  return HTTP_STATUSES[Number(grpcStatus)] ?? UNKNOWN_STATUS
}

/** google.rpc.Status, whose details are google.protobuf.Any. */
const Status = protobuf.Root.fromJSON({
  nested: {
    Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
    Status: {
      fields: {
        code: { type: 'int32', id: 1 },
        message: { type: 'string', id: 2 },
        details: { rule: 'repeated', type: 'Any', id: 3 },
      },
    },
  },
}).lookupType('Status')

const OPTIONS = readOptions(['no_default_values'])

/** Decodes grpc-status-details-bin. Without `type` the details stay as they are. Throws in APISIX's words when something cannot be decoded. */
export function statusDetails(base64: string, root: protobuf.Root, type: string | undefined): object {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw new Error('grpc-status-details-bin is not base64 format')
  const bytes = Buffer.from(base64, 'base64')
  const decode = <T>(what: string, read: () => T): T => {
    try {
      return read()
    } catch (error) {
      throw new Error(`failed to call pb.decode to decode ${what}`, { cause: error })
    }
  }
  const whole = decode('grpc-status-details-bin', () => toJson(Status, bytes, OPTIONS))
  if (type === undefined) return whole
  const { code, message, details } = Status.toObject(Status.decode(bytes)) as {
    code?: number
    message?: string
    details?: { value: Uint8Array }[]
  }
  return {
    code,
    message,
    details: decode('details in grpc-status-details-bin', () => {
      const detailType = root.lookupType(type)
      return details?.map(({ value }) => toJson(detailType, value, OPTIONS))
    }),
  }
}
