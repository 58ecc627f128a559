// The examples of ip-restriction's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object, more: object = {}): [string, object] => [
  'routes/1',
  { uri: '/index.html', upstream, plugins: { 'ip-restriction': conf, ...more } },
]

story(
  'a list of addresses and networks lets its members pass',
  [route({ whitelist: ['127.0.0.1', '113.74.26.106/24'] })],
  [{ get: '/index.html', status: 200 }],
)

story('the list is changed while requests come', [route({ whitelist: ['127.0.0.1'] })], async (stage) => {
  await stage.step({ get: '/index.html', status: 200 })
  await stage.put(...route({ whitelist: ['127.0.0.2', '113.74.26.106/24'] }))
  await stage.step({ get: '/index.html', status: 403, body: { message: 'Your IP address is not allowed' } })
})

story(
  'the refusal has a message of its own',
  [route({ whitelist: ['192.168.0.0/24'], message: 'Not from here' })],
  [{ get: '/index.html', status: 403, body: { message: 'Not from here' } }],
)

story(
  'a list of those who may not pass, after the address was taken from the request',
  [route({ blacklist: ['10.0.0.0/8', '::1'] }, { 'real-ip': { source: 'arg_realip' } })],
  [
    { get: '/index.html?realip=10.1.2.3', status: 403 },
    { get: '/index.html?realip=[::1]:80', status: 403 },
    { get: '/index.html?realip=11.1.2.3', status: 200 },
    { get: '/index.html', status: 200 },
  ],
)

story('one of the two lists must be there, never both', [], async (stage) => {
  await stage.refuses(...route({}), /ip-restriction/)
  await stage.refuses(...route({ whitelist: ['127.0.0.1'], blacklist: ['10.0.0.1'] }), /ip-restriction/)
  await stage.refuses(...route({ whitelist: ['127.0.0.1'], message: '' }), /message/)
  await stage.refuses(...route({ whitelist: ['127.0.0.256'] }), /whitelist/)
})
