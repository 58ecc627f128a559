// What the page of mocking in APISIX's documentation shows.
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story } = await startStories()
const route = (conf: object): [string, object] => ['routes/r', { uri: '/*', plugins: { mocking: conf } }]

story(
  'an example, with status, mark and type',
  [route({ response_status: 201, response_example: '{"a":1,"b":2}', with_mock_header: true })],
  [
    {
      get: '/test-mock',
      status: 201,
      body: '{"a":1,"b":2}',
      fields: { 'content-type': 'application/json;charset=utf8', 'x-mock-by': /^\w+\/\d/ },
    },
  ],
)

story(
  'headers and variables, without the mark; the example goes before the schema',
  [
    route({
      response_headers: { 'X-User-Id': 100, 'X-Product': 'tool' },
      response_example: 'to $remote_addr',
      response_schema: { type: 'object' },
      with_mock_header: false,
    }),
  ],
  [
    {
      get: '/a',
      status: 200,
      body: 'to 127.0.0.1',
      fields: { 'x-user-id': '100', 'x-product': 'tool', 'x-mock-by': undefined },
    },
  ],
)

const schema = {
  type: 'object',
  properties: {
    name: { example: 'abcd', type: 'string' },
    price: { example: 123.12, type: 'number' },
    in: {
      type: 'object',
      properties: {
        any: { type: 'string' },
        deep: {
          type: 'object',
          properties: {
            yes: { example: true, type: 'boolean' },
            list: { type: 'array', items: { example: 155.55, type: 'integer' } },
          },
        },
      },
    },
    words: { type: 'array', items: { type: 'string' } },
  },
}

story('a body made from a schema, after a delay', [route({ delay: 1, response_schema: schema })], async ({ step }) => {
  const begun = performance.now()
  const { body } = await step({
    get: '/a',
    status: 200,
    body: { name: 'abcd', price: 123.12, in: { deep: { yes: true } } },
  })
  assert.ok(performance.now() - begun >= 990)
  const made = body as { in: { any: string; deep: { list: number[] } }; words: string[] }
  assert.match(made.in.any, /./)
  assert.deepEqual([...new Set(made.in.deep.list)], [155])
  assert.ok(made.words.every((word) => typeof word === 'string') && made.words.length > 0)
})

story('one of example and schema is needed', [], async ({ refuses }) => {
  await refuses('routes/r', { uri: '/a', plugins: { mocking: { delay: 1 } } }, /response_example/)
})
