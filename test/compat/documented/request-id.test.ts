// The examples of request-id's page.
import { type Step, startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/anything', upstream, plugins: { 'request-id': conf } },
]
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const ask = (headers: Record<string, string>, field: string, id: RegExp | string): Step => ({
  get: '/anything',
  headers,
  status: 200,
  fields: { [field]: id },
  seen: { [field]: id },
})

story(
  'an id in the default header, unless the request has one',
  [route({ header_name: 'X-Request-Id', include_in_response: true, algorithm: 'uuid' })],
  [
    ask({}, 'x-request-id', UUID),
    ask({ 'X-Request-Id': '' }, 'x-request-id', UUID),
    ask({ 'X-Request-Id': 'some-custom-request-id' }, 'x-request-id', 'some-custom-request-id'),
  ],
)

story(
  'an id in a header of another name',
  [route({ header_name: 'X-Req-Identifier' })],
  [ask({}, 'x-req-identifier', UUID), ask({ 'x-req-identifier': 'mine' }, 'x-req-identifier', 'mine')],
)

story(
  'the client does not see it',
  [route({ header_name: 'X-Req-Identifier', include_in_response: false })],
  [{ get: '/anything', status: 200, fields: { 'x-req-identifier': undefined }, seen: { 'x-req-identifier': UUID } }],
)

const ALGORITHMS: [object, RegExp][] = [
  [{ algorithm: 'nanoid' }, /^[A-Za-z0-9_-]{21}$/],
  [{ algorithm: 'ksuid' }, /^[0-9A-Za-z]{27}$/],
  [{ algorithm: 'range_id' }, /^[a-zA-Z0-9]{16}$/],
  [{ algorithm: 'range_id', range_id: { length: 8, char_set: 'abcdef' } }, /^[a-f]{8}$/],
]
for (const [conf, form] of ALGORITHMS)
  story(`ids of ${JSON.stringify(conf)}`, [route(conf)], [ask({}, 'x-request-id', form)])

story(
  'one by a global rule and one by the route',
  [
    ['global_rules/1', { plugins: { 'request-id': { header_name: 'Global-Request-ID' } } }],
    route({ header_name: 'Route-Request-ID' }),
  ],
  [{ get: '/anything', status: 200, fields: { 'global-request-id': UUID, 'route-request-id': UUID } }],
)

story('a set of characters is not too small', [], async (at) => {
  await at.refuses(...route({ algorithm: 'range_id', range_id: { length: 5 } }), /length/)
  await at.refuses(...route({ algorithm: 'range_id', range_id: { char_set: 'abcde' } }), /char_set/)
  await at.refuses(...route({ algorithm: 'snowflake' }), /algorithm/)
})
