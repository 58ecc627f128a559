// What the page of degraphql in APISIX's documentation shows.
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/r',
  { uri: '/graphql', upstream, plugins: { degraphql: conf } },
]
const list = '{\n  persons {\n    id\n  }\n}\n'
const query = 'query($name: String!, $github: String!) { persons(filter: { name: $name, github: $github }) { id } }'

story('a query without variables', [route({ query: list })], async ({ step }) => {
  const { body } = await step({
    get: '/graphql',
    method: 'POST',
    status: 200,
    seen: { 'content-type': 'application/json' },
  })
  assert.deepEqual(JSON.parse((body as { body: string }).body), { query: list })
})

story(
  'variables out of the body of a POST, or the arguments of a GET',
  [route({ query, variables: ['name', 'github'] })],
  async ({ step }) => {
    const given = { name: 'Niek', github: 'npalm' }
    const posted = await step({ get: '/graphql', method: 'POST', send: given, status: 200 })
    assert.deepEqual(JSON.parse((posted.body as { body: string }).body), { query, variables: given })
    const got = await step({ get: '/graphql?name=Niek&github=npalm', status: 200 })
    const asked = new URL((got.body as { url: string }).url, 'http://u').searchParams
    assert.equal(asked.get('query'), query)
    assert.deepEqual(JSON.parse(asked.get('variables') as string), given)
  },
)

story(
  'an operation is named when there are several',
  [route({ query: 'query A { x } query B { y }', operation_name: 'B' })],
  async ({ step, refuses }) => {
    const { body } = await step({ get: '/graphql', method: 'POST', status: 200 })
    assert.equal(JSON.parse((body as { body: string }).body).operationName, 'B')
    for (const [conf, message] of [
      [{ query: 'query A { x } query B { y }' }, /operation_name is required/],
      [{ variables: ['a'] }, /query/],
    ] as const)
      await refuses('routes/r', { uri: '/a', plugins: { degraphql: conf } }, message)
  },
)
