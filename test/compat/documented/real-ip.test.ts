// The examples of real-ip's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const route = (conf: object): [string, object] => [
  'routes/1',
  {
    uri: '/get',
    upstream,
    plugins: {
      'real-ip': conf,
      'response-rewrite': { headers: { set: { remote_addr: '$remote_addr', remote_port: '$remote_port' } } },
    },
  },
]
const forwarded = (list: string): { get: string; headers: Record<string, string>; status: number } => ({
  get: '/get',
  headers: { 'X-Forwarded-For': list },
  status: 200,
})

story(
  'address and port from an argument',
  [route({ source: 'arg_realip' })],
  [
    { get: '/get?realip=1.2.3.4:9080', status: 200, fields: { remote_addr: '1.2.3.4', remote_port: '9080' } },
    { get: '/get?realip=1.2.3.4', status: 200, fields: { remote_addr: '1.2.3.4', remote_port: /^\d+$/ } },
    { get: '/get?realip=nonsense', status: 200, fields: { remote_addr: '127.0.0.1' } },
    { get: '/get', status: 200, fields: { remote_addr: '127.0.0.1' } },
  ],
)

story(
  'from a header, when the peer is trusted',
  [route({ source: 'http_x_forwarded_for', trusted_addresses: ['127.0.0.0/24'] })],
  [
    { ...forwarded('10.26.3.19'), fields: { remote_addr: '10.26.3.19' } },
    { ...forwarded('10.26.3.19, 10.26.3.20'), fields: { remote_addr: '10.26.3.20' } },
  ],
)

story(
  'not from a peer that is not trusted',
  [route({ source: 'http_x_forwarded_for', trusted_addresses: ['192.168.0.0/16'] })],
  [{ ...forwarded('10.26.3.19'), fields: { remote_addr: '127.0.0.1' } }],
)

story(
  'past all proxies that are trusted',
  [route({ source: 'http_x_forwarded_for', recursive: true, trusted_addresses: ['192.128.0.0/16', '127.0.0.0/24'] })],
  [
    { ...forwarded('127.0.0.2, 192.128.1.1, 127.0.0.1'), fields: { remote_addr: '127.0.0.2' } },
    { ...forwarded('1.1.1.1, 10.0.0.7, 192.128.1.1'), fields: { remote_addr: '10.0.0.7' } },
  ],
)

story('a source is needed, and networks are networks', [], async (at) => {
  await at.refuses(...route({}), /source/)
  await at.refuses(...route({ source: 'arg_a', trusted_addresses: ['127.0.0.1/33'] }), /trusted_addresses/)
})
