// What we promise of APISIX's behaviour, as data: an id, where APISIX says or shows it, one sentence. A test cites the ids that it proves with
// `requirement`; test/compat/requirements.test.ts proves that every id is cited and that no test cites an unknown one. A known failure keeps its
// exact test: that test must fail until the failure is gone, and then the entry's `knownFailure` must go too.
import assert from 'node:assert/strict'
import { test } from 'node:test'

interface Requirement {
  id: string
  /** A page of APISIX's documentation or a recording under test/compat/recordings. */
  source: string
  sentence: string
  /** Why it does not hold yet. */
  knownFailure?: string
}

const ADMIN_API = 'docs: admin-api'
const MCP = 'npm: apisix-mcp 0.0.7'

/** All promises, by topic. */
export const REQUIREMENTS: readonly Requirement[] = [
  {
    id: 'admin.put',
    source: ADMIN_API,
    sentence: 'PUT with an id answers 201 when it creates and 200 when it replaces',
  },
  { id: 'admin.post', source: ADMIN_API, sentence: 'POST answers 201 with an id that the gateway has made' },
  {
    id: 'admin.get',
    source: ADMIN_API,
    sentence: 'GET gives one resource with key, value and indexes, and 404 where there is none',
  },
  { id: 'admin.list', source: ADMIN_API, sentence: 'GET of a kind gives list and total' },
  { id: 'admin.paging', source: ADMIN_API, sentence: 'page and page_size of 10 to 500 cut the list, total counts all' },
  {
    id: 'admin.filter',
    source: ADMIN_API,
    sentence: 'name, label and uri filter lists, filter takes service_id and upstream_id of routes',
  },
  {
    id: 'admin.delete',
    source: ADMIN_API,
    sentence: 'DELETE answers 200, and 400 while something names the resource, unless force=true',
  },
  {
    id: 'admin.patch.merge',
    source: ADMIN_API,
    sentence: 'PATCH merges maps, null removes a member, a list is replaced',
  },
  { id: 'admin.patch.path', source: ADMIN_API, sentence: 'PATCH of a sub-path replaces what is there' },
  { id: 'admin.ttl', source: ADMIN_API, sentence: 'a resource that was put with ttl is gone after that many seconds' },
  { id: 'admin.key', source: ADMIN_API, sentence: 'without the right X-API-KEY the answer is 401' },
  {
    id: 'admin.consumers',
    source: ADMIN_API,
    sentence: 'consumers are put without an id, their username is the id; credentials are below them',
  },
  {
    id: 'admin.ssls',
    source: ADMIN_API,
    sentence: 'an ssl is written with cert, key and snis, and its key is not given back',
  },
  { id: 'admin.plugin-metadata', source: ADMIN_API, sentence: 'plugin metadata has the name of its plugin as id' },
  {
    id: 'admin.plugins',
    source: ADMIN_API,
    sentence: 'plugins/list gives the names, plugins/NAME the schema, plugins?all=true all attributes',
  },
  { id: 'admin.protos', source: ADMIN_API, sentence: 'protos hold the text of a .proto file in content' },
  {
    id: 'admin.secrets',
    source: ADMIN_API,
    sentence: 'secrets are named by manager and id, and can be patched as a whole and at a sub-path',
  },
  {
    id: 'admin.schema-validate',
    source: ADMIN_API,
    sentence: 'schema/validate/KIND tells what is wrong without writing',
  },
  {
    id: 'admin.configs',
    source: 'docs: deployment-modes',
    sentence:
      'PUT configs replaces the kinds whose version is newer, leaves those whose version is equal, refuses older ones',
  },
  { id: 'mcp.resources', source: MCP, sentence: 'its tools create, read, change and delete every kind of resource' },
  {
    id: 'mcp.plugins',
    source: MCP,
    sentence: 'its tools read the names and schemas of plugins and write their metadata',
  },
  { id: 'mcp.traffic', source: MCP, sentence: 'it sends requests through the gateway that it has configured' },
  {
    id: 'mcp.errors',
    source: MCP,
    sentence: 'a refused write comes back to it as an error with the status and the message',
  },
]

/** Registers the test of a promise; of one that is known to fail, the test that it still does. */
export function requirement(id: string, body: () => Promise<void>): void {
  const found = REQUIREMENTS.find((one) => one.id === id)
  assert.ok(found, `test/compat/requirements.ts has no ${id}`)
  const { sentence, source, knownFailure } = found
  const title = `${id}: ${sentence} (${source})`
  if (knownFailure === undefined) test(title, body)
  else test(`${title}, known failure: ${knownFailure}`, () => assert.rejects(body))
}
