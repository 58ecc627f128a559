// Certificates of clients (mTLS), of ssl resources that ask for them, and those that the gateway shows to upstreams.
import assert from 'node:assert/strict'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import tls from 'node:tls'
import { type Listening, listenForTest, makeCertificate, makeChain } from './listening.ts'
import { threadForTest } from './thread-for-test.ts'

const thread = threadForTest()
const [open, strict, partly, jack, stranger] = [
  'open.example',
  'strict.example',
  'partly.example',
  'jack',
  'stranger',
].map(makeCertificate) as { cert: string; key: string }[]
let listening: Listening
let upstream: https.Server
const shown: string[] = []

before(async () => {
  const options = { ...open, requestCert: true, rejectUnauthorized: false }
  upstream = https.createServer(options, (request, response) => {
    const socket = request.socket as tls.TLSSocket
    shown.push(`${socket.servername || '-'} ${socket.getPeerX509Certificate()?.subject ?? 'nobody'}`)
    response.end(`${request.headers['x-client']}`)
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  thread.put('ssls/1', { ...open, sni: 'open.example' })
  thread.put('ssls/2', { ...strict, sni: 'strict.example', client: { ca: jack?.cert, depth: 1 } })
  thread.put('ssls/3', {
    ...partly,
    sni: 'partly.example',
    client: { ca: jack?.cert, skip_mtls_uri_regex: ['^/public/'] },
  })
  thread.put('routes/1', route({}))
  listening = await listenForTest(thread)
})
after(() => {
  listening.close()
  upstream.closeAllConnections()
  upstream.close()
  thread.close()
})

function route(more: object): object {
  const nodes = { [`127.0.0.1:${(upstream.address() as AddressInfo).port}`]: 1 }
  return {
    uri: '/*',
    plugins: { 'proxy-rewrite': { headers: { set: { 'X-Client': '$ssl_client_verify $ssl_client_s_dn' } } } },
    upstream: { scheme: 'https', nodes, ...more },
  }
}

interface Asked {
  name: string
  host?: string
  path?: string
  client?: { cert: string; key: string } | undefined
}

/** `status body`, or the error of a handshake that failed. */
function get({ name, host = name, path = '/a', client }: Asked): Promise<string> {
  return new Promise((resolve) => {
    const options = { port: listening.tlsPort, servername: name, rejectUnauthorized: false, agent: false, ...client }
    const request = https.get({ ...options, host: '127.0.0.1', path, headers: { Host: host } }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve(`${response.statusCode} ${response.statusCode === 200 ? body : ''}`.trim()))
    })
    request.on('error', () => resolve('broken'))
  })
}

test('a name with `client` is served to those whose certificate its authority signed', async () => {
  assert.equal(await get({ name: 'strict.example' }), 'broken')
  assert.equal(await get({ name: 'strict.example', client: stranger }), 'broken')
  assert.equal(await get({ name: 'strict.example', client: jack }), '200 SUCCESS CN=jack')
  assert.equal(await get({ name: 'open.example', client: jack }), '200 NONE')
})

test('depth: how many certificates may stand between the client and the authority', async () => {
  const near = makeChain('root', 'department', 'jill')
  const far = makeChain('root', 'department', 'team', 'jill')
  const served = async (client: typeof near, depth: number | undefined): Promise<string> => {
    const wanted = depth === undefined ? { ca: client.authority } : { ca: client.authority, depth }
    thread.put('ssls/deep', { ...strict, sni: 'deep.example', client: wanted })
    return get({ name: 'deep.example', client })
  }
  assert.equal(await served(near, 0), 'broken')
  assert.equal(await served(near, undefined), '200 SUCCESS CN=jill')
  assert.equal(await served(far, 1), 'broken')
  assert.equal(await served(far, 2), '200 SUCCESS CN=jill')
  const [leaf] = near.cert.split(/(?<=-----END CERTIFICATE-----\n)/)
  assert.equal(await served({ ...near, cert: leaf as string }, 2), 'broken', 'nobody knows who signed it')
  thread.put('ssls/deep', undefined)
})

test('skip_mtls_uri_regex leaves the decision to each request', async () => {
  assert.equal(await get({ name: 'partly.example', path: '/public/a' }), '200 NONE')
  assert.equal(await get({ name: 'partly.example' }), '400')
  assert.equal(await get({ name: 'partly.example', path: '/public/../a' }), '400')
  assert.equal(await get({ name: 'partly.example', client: stranger }), '400')
  assert.equal(await get({ name: 'partly.example', client: jack }), '200 SUCCESS CN=jack')
})

test('a request for a name that wants certificates does not get there over a connection to another', async () => {
  assert.equal(await get({ name: 'open.example', host: 'strict.example' }), '400')
  assert.equal(await get({ name: 'open.example', host: 'STRICT.example:443' }), '400')
  assert.equal(await get({ name: 'open.example', host: 'strict.example.' }), '400', 'a dot at its end names the same')
  assert.equal(await get({ name: 'open.example', host: 'strict.example.:443' }), '400')
  assert.equal(await get({ name: 'partly.example', path: '/public/a', host: 'strict.example' }), '400')
})

test('a ClientHello in pieces is understood, one that is no TLS is closed', async () => {
  const socket = net.connect(listening.tlsPort, '127.0.0.1')
  const ended = new Promise((resolve) => socket.once('close', resolve))
  socket.resume().on('error', () => {})
  socket.write('GET / HTTP/1.1\r\nHost: strict.example\r\n\r\n')
  await ended
  // A relay that passes every byte by itself.
  const relay = net.createServer((client) => {
    const to = net.connect(listening.tlsPort, '127.0.0.1').setNoDelay()
    client.on('data', (chunk: Buffer) => {
      for (let i = 0; i < chunk.length; i++) to.write(chunk.subarray(i, i + 1))
    })
    to.on('data', (chunk) => client.write(chunk))
    to.on('close', () => client.destroy()).on('error', () => {})
    client.on('close', () => to.destroy()).on('error', () => {})
  })
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
  const secure = tls.connect({
    port: (relay.address() as AddressInfo).port,
    servername: 'strict.example',
    rejectUnauthorized: false,
    ...jack,
  })
  secure.write('GET /a HTTP/1.1\r\nHost: strict.example\r\nConnection: close\r\n\r\n')
  let got = ''
  for await (const chunk of secure) got += chunk
  assert.match(got, /^HTTP\/1.1 200 [\s\S]*SUCCESS CN=jack/)
  relay.close()
})

test('upstreams see the client certificate of tls.client_cert_id and the server name of pass_host', async () => {
  thread.put('ssls/c', { ...jack, type: 'client' })
  shown.length = 0
  thread.put('routes/1', route({ tls: { client_cert_id: 'c' } }))
  assert.equal(await get({ name: 'open.example' }), '200 NONE')
  thread.put('ssls/c', { ...stranger, type: 'client' })
  assert.equal(await get({ name: 'open.example' }), '200 NONE')
  const inline = { client_cert: jack?.cert, client_key: jack?.key }
  thread.put('routes/1', route({ pass_host: 'rewrite', upstream_host: 'inner.example', tls: inline }))
  assert.equal(await get({ name: 'open.example' }), '200 NONE')
  thread.put('routes/1', route({ pass_host: 'node' }))
  assert.equal(await get({ name: 'open.example' }), '200 NONE')
  const expected = ['open.example CN=jack', 'open.example CN=stranger', 'inner.example CN=jack', '- nobody']
  assert.deepEqual(shown, expected)
  thread.put('routes/1', route({ tls: { verify: true } }))
  assert.equal(await get({ name: 'open.example' }), '502')
})
