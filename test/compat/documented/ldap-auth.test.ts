// ldap-auth behaves as APISIX's page of it says, with a real directory server.
import { test } from 'node:test'
import { needs } from '../../needs.ts'
import { BASE, startDirectory } from '../../plugins/ldap-server.ts'
import { type Config, startStories } from './story.ts'

const basic = (text: string): { headers: Record<string, string> } => ({
  headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` },
})
const refused = { status: 401, body: '{"message":"Invalid user authorization"}' }

async function tell(): Promise<void> {
  const { plain, secure } = await startDirectory()
  const { story, upstream } = await startStories({ JACK_DN: `cn=jack,${BASE}` })
  const config = (conf: object = {}, user_dn = `cn=jack,${BASE}`): Config => [
    ['consumers', { username: 'foo', plugins: { 'ldap-auth': { user_dn } } }],
    [
      'routes/1',
      {
        methods: ['GET'],
        uri: '/hello',
        plugins: { 'ldap-auth': { base_dn: BASE, ldap_uri: `localhost:${plain}`, uid: 'cn', ...conf } },
        upstream,
      },
    ],
  ]

  story('a name and a password that the directory knows', config(), [
    { get: '/hello', ...basic('jack:jacks:word'), status: 200, seen: { 'x-consumer-username': 'foo' } },
    {
      get: '/hello',
      status: 401,
      body: '{"message":"Missing authorization in request"}',
      fields: { 'www-authenticate': 'Basic realm="ldap"' },
    },
    { get: '/hello', ...basic('user:jacks:word'), ...refused },
    { get: '/hello', ...basic('jack:passwordfalse'), ...refused },
    { get: '/hello', ...basic('stranger:word'), ...refused },
  ])

  story('another realm', config({ realm: 'staff' }), [
    { get: '/hello', status: 401, fields: { 'www-authenticate': 'Basic realm="staff"' } },
  ])

  const tls = { use_tls: true, ldap_uri: `127.0.0.1:${secure}` }
  story('over TLS', config(tls), [{ get: '/hello', ...basic('jack:jacks:word'), status: 200 }])
  story('over TLS, with a certificate that must be good', config({ ...tls, tls_verify: true }), [
    { get: '/hello', ...basic('jack:jacks:word'), status: 503 },
  ])

  story('the name is kept in the environment', config({}, '$env://JACK_DN'), [
    { get: '/hello', ...basic('jack:jacks:word'), status: 200 },
  ])
}

const withServer = needs('slapd')
if (withServer.skip) test('ldap-auth', withServer, () => {})
else await tell()
