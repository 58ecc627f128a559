// Compresses responses with gzip for clients that take it, as they stream through.
import { constants, createGzip, gzipSync } from 'node:zlib'
import Type, { type Static } from 'typebox'
import { compress, compressionFields } from '../gateway/compression.ts'
import { definePlugin } from '../gateway/plugin.ts'

const buffers = Type.Object({
  number: Type.Integer({
    title: 'Number',
    description: 'how many buffers a response may fill before its upstream has to wait',
    minimum: 1,
    maximum: 1024,
    default: 32,
    examples: [16],
  }),
  size: Type.Integer({
    title: 'Size',
    description: 'bytes of a buffer',
    minimum: 1,
    maximum: 1_048_576,
    default: 4096,
    examples: [8192],
  }),
})

const schema = Type.Object({
  ...compressionFields,
  buffers,
  comp_level: Type.Integer({
    title: 'Level',
    description: '1 is the fastest, 9 the smallest',
    minimum: 1,
    maximum: 9,
    default: 1,
    examples: [6],
  }),
})
type Conf = Static<typeof schema>

/** As it is written: what has a default may be absent. */
const written = Type.Object({
  ...schema.properties,
  buffers: Type.Partial(buffers, {
    title: 'Buffers',
    description: 'memory for what is being compressed',
    default: { number: 32, size: 4096 },
    examples: [{ number: 16, size: 8192 }],
  }),
})

/** The statuses that nginx compresses. */
const STATUSES = [200, 403, 404]
/** The least that node:zlib takes. */
const MIN_CHUNK_BYTES = 64

export default definePlugin<Conf>({
  name: 'gzip',
  version: 0.1,
  priority: 995,
  schema: Type.Partial(written),
  setup(conf) {
    const { number, size } = conf.buffers
    const fixed = { level: conf.comp_level, chunkSize: Math.max(MIN_CHUNK_BYTES, size), highWaterMark: number * size }
    return {
      header_filter(ctx) {
        compress(ctx, conf, {
          encoding: 'gzip',
          statuses: STATUSES,
          whole: (body) => gzipSync(body, fixed),
          open: ({ flushes }) => createGzip({ ...fixed, ...(flushes ? { flush: constants.Z_SYNC_FLUSH } : {}) }),
        })
      },
    }
  },
})
