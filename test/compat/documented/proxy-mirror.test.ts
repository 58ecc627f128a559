// The examples of proxy-mirror's page.
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { send } from '../send.ts'
import { startStories } from './story.ts'

const { story, node2, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  { uri: '/get*', upstream, plugins: { 'proxy-mirror': { host: `http://${node2}`, ...conf } } },
]

interface Copies {
  total: number
  list: { method: string; url: string; body: string }[]
}

/** Copies that arrived, once there are as many or a while has passed. */
async function copies(atLeast: number): Promise<Copies> {
  for (let tries = 0; ; tries++) {
    const { body } = await send(node2, false, { method: 'GET', path: '/__requests' })
    if ((body as Copies).total >= atLeast || tries === 50) return body as Copies
    await sleep(20)
  }
}
const forget = (): Promise<unknown> => send(node2, false, { method: 'DELETE', path: '/__requests' })

story('every request is copied, and the client gets the answer of the upstream', [route({})], async (at) => {
  await forget()
  await at.step({ get: '/get?a=1', method: 'POST', send: 'text', status: 200, body: { server: 'u1' } })
  const { list } = await copies(1)
  assert.partialDeepStrictEqual(list, [{ method: 'POST', url: '/get?a=1', body: 'text' }])
})

story('about half of the requests is copied', [route({ sample_ratio: 0.5 })], async (at) => {
  await forget()
  await Promise.all(Array.from({ length: 100 }, () => at.step({ get: '/get', status: 200 })))
  const { total } = await copies(21)
  assert.ok(total > 20 && total < 80, `${total} of 100`)
})

story('the path of the copies replaces the request’s, or goes before it', [route({ path: '/copies' })], async (at) => {
  await forget()
  await at.step({ get: '/get?a=1', status: 200, url: '/get?a=1' })
  assert.equal((await copies(1)).list[0]?.url, '/copies?a=1')
  await at.put(...route({ path: '/copies', path_concat_mode: 'prefix' }))
  await forget()
  await at.step({ get: '/get/x', status: 200, url: '/get/x' })
  assert.equal((await copies(1)).list[0]?.url, '/copies/get/x')
})

story(
  'the client does not wait for a mirror that is away',
  [route({ host: 'http://127.0.0.1:1' })],
  [{ get: '/get', status: 200, body: { server: 'u1' } }],
)

story('the address has a scheme and no path', [], async (at) => {
  await at.refuses(...route({ host: node2 }), /host/)
  await at.refuses(...route({ host: `http://${node2}/path` }), /host/)
  await at.refuses(...route({ sample_ratio: 0 }), /sample_ratio/)
  await at.refuses(...route({ host: 'grpc://127.0.0.1:1' }), /use http or https/)
})
