// The examples of request-validation's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/post', upstream, plugins: { 'request-validation': conf } },
]
const HOST = { type: 'string', enum: ['httpbin.org', 'httpbin'] }
const typed = (type: string): object => ({
  type: 'object',
  required: ['Content-Type'],
  properties: { 'Content-Type': { type: 'string', pattern: `^${type}$` } },
})

story(
  'headers are named in the schema as people write them',
  [
    route({
      header_schema: {
        type: 'object',
        required: ['User-Agent', 'Host'],
        properties: { 'User-Agent': { type: 'string', pattern: '^curl/' }, Host: HOST },
      },
    }),
  ],
  [
    { get: '/post', headers: { Host: 'httpbin', 'User-Agent': 'curl/7.74.0' }, status: 200 },
    {
      get: '/post',
      headers: { 'User-Agent': 'curl/7.74.0' },
      status: 400,
      body: 'property "Host" validation failed: matches none of the enum values',
    },
    {
      get: '/post',
      headers: { Host: 'httpbin', 'User-Agent': 'cli-mock' },
      status: 400,
      body: 'property "User-Agent" validation failed: failed to match pattern "^curl/" with "cli-mock"',
    },
    { get: '/post', headers: { Host: 'httpbin' }, status: 400, body: 'property "User-Agent" is required' },
  ],
)

story(
  'the refusal has a status and a message of its own',
  [
    route({
      header_schema: { type: 'object', required: ['Host'], properties: { Host: HOST } },
      rejected_code: 403,
      rejected_msg: 'Request header validation failed.',
    }),
  ],
  [{ get: '/post', headers: { Host: 'httpbin2' }, status: 403, body: 'Request header validation failed.' }],
)

story(
  'a JSON body',
  [
    route({
      header_schema: typed('application/json'),
      body_schema: {
        type: 'object',
        required: ['required_payload'],
        properties: {
          required_payload: { type: 'string' },
          boolean_payload: { type: 'boolean' },
          array_payload: {
            type: 'array',
            minItems: 1,
            items: { type: 'integer', minimum: 200, maximum: 599 },
            uniqueItems: true,
            default: [200],
          },
        },
      },
    }),
  ],
  [
    {
      get: '/post',
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      send: '{"required_payload":"hello", "array_payload":[301]}',
      status: 200,
      body: { body: '{"required_payload":"hello", "array_payload":[301]}' },
    },
    {
      get: '/post',
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      send: '{"required_payload":"hello,world"}',
      status: 400,
      body: 'property "Content-Type" validation failed: failed to match pattern "^application/json$" with "application/x-www-form-urlencoded"',
    },
    {
      get: '/post',
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      send: '{}',
      status: 400,
      body: 'property "required_payload" is required',
    },
  ],
)

story(
  'a form',
  [
    route({
      header_schema: typed('application/x-www-form-urlencoded'),
      body_schema: {
        type: 'object',
        required: ['required_payload', 'enum_payload'],
        properties: {
          required_payload: { type: 'string' },
          enum_payload: { type: 'string', enum: ['enum_string_1', 'enum_string_2'], default: 'enum_string_1' },
        },
      },
    }),
  ],
  [
    {
      get: '/post',
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      send: 'required_payload=hello&enum_payload=enum_string_1',
      status: 200,
    },
    {
      get: '/post',
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      send: 'required_payload=hello',
      status: 400,
      body: 'property "enum_payload" is required',
    },
  ],
)

const member = (schema: object): object => ({
  body_schema: { type: 'object', required: ['x'], properties: { x: schema } },
})
const KINDS: [string, object, good: unknown, bad: unknown][] = [
  ['enumerated values', { type: 'string', enum: ['a', 'b'], default: 'a' }, 'b', 'c'],
  ['booleans', { type: 'boolean', default: true }, false, 'false'],
  ['numbers', { type: 'integer', minimum: 1, maximum: 65535 }, 65535, 65536],
  ['strings', { type: 'string', minLength: 1, maxLength: 32 }, 'x', ''],
  ['strings by expression', { type: 'string', minLength: 1, maxLength: 32, pattern: '^[a-zA-Z0-9_]+$' }, 'a_1', 'a-1'],
  ['lists', { type: 'array', minItems: 1, items: { type: 'integer' }, uniqueItems: true }, [1, 2], [1, 1]],
]
for (const [name, schema, good, bad] of KINDS) {
  story(
    `the appendix: ${name}`,
    [route(member(schema))],
    [
      { get: '/post', method: 'POST', send: { x: good }, status: 200 },
      { get: '/post', method: 'POST', send: { x: bad }, status: 400, body: /^property "x" validation failed/ },
      { get: '/post', method: 'POST', send: {}, status: 400, body: 'property "x" is required' },
    ],
  )
}

story('one of the two schemas must be there', [], async (stage) => {
  await stage.refuses(...route({}), /request-validation/)
  await stage.refuses(...route({ body_schema: { type: 'nothing' } }), /body_schema/)
})
