// docs: plugins/node-status, plugins/server-info
import assert from 'node:assert/strict'
import { startStories } from './story.ts'

const { story, stage } = await startStories()

story(
  'status of the gateway, through public-api',
  [['routes/ns', { uri: '/apisix/status', plugins: { 'public-api': {} } }]],
  async () => {
    const { status, body } = await stage.send('/apisix/status')
    assert.equal(status, 200)
    const { status: counts, id } = body as { status: Record<string, string>; id: string }
    const names = ['accepted', 'active', 'handled', 'reading', 'total', 'waiting', 'writing']
    assert.deepEqual(Object.keys(counts).sort(), names)
    for (const name of names) assert.match(counts[name] ?? '', /^\d+$/)
    assert.ok(Number(counts.total) >= 1)
    assert.match(id, /^[0-9a-f-]{36}$/)
  },
)

story('without a route there is no status', [], [{ get: '/apisix/status', status: 404 }])

story('facts of the server, from the Control API', [], async ({ running }) => {
  const response = await fetch(`http://${running.env.GATEWARD_CONTROL_LISTEN}/v1/server_info`)
  assert.equal(response.status, 200)
  const facts = (await response.json()) as Record<string, unknown>
  for (const name of ['id', 'hostname', 'version', 'boot_time', 'etcd_version']) assert.ok(name in facts, name)
})
