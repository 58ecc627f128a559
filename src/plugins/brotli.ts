// Compresses responses with Brotli for clients that take it, as they stream through. With gzip on the same route Brotli goes first.
import { brotliCompressSync, constants, createBrotliCompress } from 'node:zlib'
import Type, { type Static } from 'typebox'
import { compress, compressionFields } from '../gateway/compression.ts'
import { definePlugin } from '../gateway/plugin.ts'

const schema = Type.Object({
  ...compressionFields,
  mode: Type.Integer({
    title: 'Mode',
    description: '0: any bytes, 1: text, 2: fonts',
    minimum: 0,
    maximum: 2,
    default: 0,
    examples: [1],
  }),
  comp_level: Type.Integer({
    title: 'Level',
    description: '0 is the fastest, 11 the smallest',
    minimum: 0,
    maximum: 11,
    default: 6,
    examples: [4],
  }),
  lgwin: Type.Unsafe<number>({
    type: 'integer',
    enum: [0, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24],
    title: 'Window',
    description: 'base 2 logarithm of the bytes that are looked back; 0: as the library chooses',
    default: 19,
    examples: [22],
  }),
  lgblock: Type.Unsafe<number>({
    type: 'integer',
    enum: [0, 16, 17, 18, 19, 20, 21, 22, 23, 24],
    title: 'Block',
    description: 'base 2 logarithm of the largest input block; 0: as the level wants it',
    default: 0,
    examples: [18],
  }),
})
type Conf = Static<typeof schema>

export default definePlugin<Conf>({
  name: 'brotli',
  version: 0.1,
  priority: 996,
  schema: Type.Partial(schema),
  setup(conf) {
    const params = {
      [constants.BROTLI_PARAM_MODE]: conf.mode,
      [constants.BROTLI_PARAM_QUALITY]: conf.comp_level,
      ...(conf.lgwin ? { [constants.BROTLI_PARAM_LGWIN]: conf.lgwin } : {}),
      ...(conf.lgblock ? { [constants.BROTLI_PARAM_LGBLOCK]: conf.lgblock } : {}),
    }
    const hinted = (bytes: number) => ({ ...params, [constants.BROTLI_PARAM_SIZE_HINT]: bytes })
    return {
      header_filter(ctx) {
        compress(ctx, conf, {
          encoding: 'br',
          whole: (body) => brotliCompressSync(body, { params: hinted(body.length) }),
          open: ({ length, flushes }) =>
            createBrotliCompress({
              params: length === undefined ? params : hinted(length),
              ...(flushes ? { flush: constants.BROTLI_OPERATION_FLUSH } : {}),
            }),
        })
      },
    }
  },
})
