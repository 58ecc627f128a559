// What the page of error-page in APISIX's documentation shows.

import { freePort } from '../../e2e/process.ts'
import { startStories, upstreamOf } from './story.ts'

const { story, upstream } = await startStories()
const dead = upstreamOf(`127.0.0.1:${await freePort()}`)
const everywhere: [string, object] = ['global_rules/1', { plugins: { 'error-page': {} } }]
const html = (status: number): object => ({ body: `<h1>${status}</h1>`, content_type: 'text/html' })

story(
  'pages for what the gateway answers itself, not for what upstreams answer',
  [
    ['plugin_metadata/error-page', { enable: true, error_404: html(404), error_500: {}, error_502: html(502) }],
    everywhere,
    ['routes/up', { uri: '/up', upstream }],
    ['routes/dead', { uri: '/dead', upstream: dead }],
    ['routes/500', { uri: '/500', plugins: { 'fault-injection': { abort: { http_status: 500, body: 'x' } } } }],
  ],
  [
    { get: '/none', status: 404, body: '<h1>404</h1>', fields: { 'content-type': /^text\/html/ } },
    { get: '/dead', status: 502, body: '<h1>502</h1>' },
    { get: '/500', status: 500, body: /<html>[\s\S]*500 Internal Server Error/ },
    { get: '/up?status=404&body=own', status: 404, body: 'own' },
  ],
)

story(
  'JSON; and nothing once the metadata is deleted',
  [
    [
      'plugin_metadata/error-page',
      { enable: true, error_404: { body: '{"code":404}', content_type: 'application/json' } },
    ],
    everywhere,
  ],
  async ({ step, admin }) => {
    await step({ get: '/none', status: 404, body: { code: 404 }, fields: { 'content-type': 'application/json' } })
    await admin('DELETE', 'plugin_metadata/error-page')
    await step({ get: '/none', status: 404, body: /Route Not Found/ })
  },
)

story(
  'nothing without `enable`',
  [['plugin_metadata/error-page', { error_404: html(404) }], everywhere],
  [{ get: '/none', status: 404, body: /Route Not Found/ }],
)
