// attach-consumer-label and acl behave as APISIX's pages of them say.
import { type Config, startStories } from './story.ts'

const { story, upstream } = await startStories()

const consumer = (username: string, labels: object): Config[number] => [
  'consumers',
  { username, labels, plugins: { 'key-auth': { key: `${username}-key` } } },
]
const route = (plugins: object): Config[number] => ['routes', { id: 'r', uri: '/get', plugins, upstream }]
const as = (username: string) => ({ get: '/get', headers: { apikey: `${username}-key` } })

const headers = {
  'X-Consumer-Department': '$department',
  'X-Consumer-Company': '$company',
  'X-Consumer-Role': '$role',
}
const attached: Config = [
  ['consumers', { username: 'john', labels: { department: 'devops', company: 'api7' } }],
  ['consumers/john/credentials', { id: 'cred-john', plugins: { 'key-auth': { key: 'john-key' } } }],
  route({ 'key-auth': {}, 'attach-consumer-label': { headers } }),
]
story('attach-consumer-label: labels that a consumer has go to the upstream', attached, [
  {
    ...as('john'),
    status: 200,
    seen: {
      'x-consumer-username': 'john',
      'x-credential-identifier': 'cred-john',
      'x-consumer-department': 'devops',
      'x-consumer-company': 'api7',
      'x-consumer-role': undefined,
    },
  },
  { get: '/get', status: 401 },
])

story('attach-consumer-label: a label is named behind a dollar sign', [], ({ refuses }) =>
  refuses('routes', { ...route({ 'attach-consumer-label': { headers: { 'X-Role': 'role' } } })[1] }, /X-Role/),
)

const people = [consumer('alice', { team: 'platform' }), consumer('bob', { team: 'sales' }), consumer('carol', {})]
const acl = (conf: object): Config => [...people, route({ 'key-auth': {}, acl: conf })]

story('acl: only those with the label', acl({ allow_labels: { team: ['platform'] } }), [
  { ...as('alice'), status: 200 },
  { ...as('bob'), status: 403, body: '{"message":"The consumer is forbidden."}' },
  { ...as('carol'), status: 403 },
])

story('acl: all but those with the label', acl({ deny_labels: { team: ['sales'] } }), [
  { ...as('alice'), status: 200 },
  { ...as('bob'), status: 403 },
  { ...as('carol'), status: 200 },
])

const rejected_msg = 'Access denied: no such team.'
story(
  'acl: a status and a message of one’s own',
  acl({ allow_labels: { team: ['platform'] }, rejected_code: 401, rejected_msg }),
  [{ ...as('bob'), status: 401, body: { message: rejected_msg } }],
)

const lists = { allow_labels: { team: ['platform', 'sales'] }, deny_labels: { team: ['sales'] } }
story('acl: the denylist goes first', acl(lists), [
  { ...as('alice'), status: 200 },
  { ...as('bob'), status: 403 },
])

const several: Config = [
  consumer('dan', { team: '["platform","x"]' }),
  consumer('eve', { team: 'x,platform' }),
  route({ 'key-auth': {}, acl: { allow_labels: { team: ['platform'] } } }),
]
story('acl: a label may hold several values', several, [
  { ...as('dan'), status: 200 },
  { ...as('eve'), status: 200 },
])
