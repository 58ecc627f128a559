// What the page of body-transformer in APISIX's documentation shows.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { startStories, upstreamOf } from './story.ts'

const { story, upstream } = await startStories()
const soap = await startSoapService()
const request = (conf: object): [string, object] => [
  'routes/r',
  { uri: '/*', upstream, plugins: { 'body-transformer': { request: conf } } },
]
const JSON_TYPE = { 'Content-Type': 'application/json' }
const FORM_TYPE = { 'Content-Type': 'application/x-www-form-urlencoded' }

const ASK =
  '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><ns0:getCountryRequest xmlns:ns0="urn:c"><ns0:name>{{_escape_xml(name)}}</ns0:name></ns0:getCountryRequest></s:Body></s:Envelope>'
const TELL = `{% if Envelope.Body.Fault == nil then %}
{ "status":"{{_ctx.var.status}}", "currency":"{{Envelope.Body.getCountryResponse.country.currency}}",
  "population":{{Envelope.Body.getCountryResponse.country.population}} }
{% else %}
{ "message":{*_escape_json(Envelope.Body.Fault.faultstring[1])*}, "code":"{{Envelope.Body.Fault.faultcode}}"
  {% if Envelope.Body.Fault.faultactor ~= nil then %} , "actor":"{{Envelope.Body.Fault.faultactor}}" {% end %} }
{% end %}`

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const inBase64 = { template: base64(ASK), template_is_base64: true }
for (const [how, ask, tell] of [
  ['as they are', { template: ASK }, { template: TELL }],
  ['in base64', inBase64, { template: base64(TELL) }],
] as const)
  story(
    `JSON in front of SOAP, with templates ${how}`,
    [
      [
        'routes/r',
        {
          uri: '/ws',
          upstream: upstreamOf(soap),
          plugins: {
            'body-transformer': {
              request: { ...ask, input_format: 'json' },
              response: { ...tell, input_format: 'xml' },
            },
            'proxy-rewrite': { headers: { set: { 'Content-Type': 'text/xml' } } },
          },
        },
      ],
    ],
    [
      {
        get: '/ws',
        method: 'POST',
        send: { name: 'Spain' },
        status: 200,
        body: { status: '200', currency: 'EUR', population: 46704314 },
      },
      {
        get: '/ws',
        method: 'POST',
        send: { name: 'Atlantis' },
        status: 500,
        body: { message: 'no Atlantis', code: 'SOAP-ENV:Server' },
      },
    ],
  )

story(
  'members of a JSON body in expressions',
  [request({ template: '{"foo":"{{name .. " world"}}","bar":{{age+10}}}' })],
  [
    {
      get: '/a',
      method: 'POST',
      headers: JSON_TYPE,
      send: '{"name":"hello","age":20}',
      status: 200,
      body: { body: '{"foo":"hello world","bar":30}' },
    },
  ],
)

story(
  'variables of the request',
  [request({ template: '{"foo":"{{_ctx.var.arg_name .. " world"}}"}' })],
  [{ get: '/a?name=hello', status: 200, body: { method: 'GET', body: '{"foo":"hello world"}' } }],
)

story(
  'YAML by the library that APISIX has for it',
  [
    request({
      template: `{%
    local yaml = require("tinyyaml")
    local body = yaml.parse(_body)
%}
{"foobar":"{{body.foobar.foo .. " " .. body.foobar.bar}}"}`,
    }),
  ],
  [
    {
      get: '/a',
      method: 'POST',
      headers: { 'Content-Type': 'text/yaml' },
      send: '\nfoobar:\n  foo: hello\n  bar: world',
      status: 200,
      body: { body: '{"foobar":"hello world"}' },
    },
  ],
)

story(
  'a form',
  [request({ input_format: 'encoded', template: '{"foo":"{{name .. " world"}}","bar":{{age+10}}}' })],
  [
    {
      get: '/a',
      method: 'POST',
      headers: FORM_TYPE,
      send: 'name=hello&age=20',
      status: 200,
      body: { body: '{"foo":"hello world","bar":30}' },
    },
  ],
)

story(
  'arguments of a GET',
  [request({ input_format: 'args', template: '{"message": "hello {{name}}"}' })],
  [{ get: '/a?name=john', status: 200, body: { method: 'GET', body: '{"message": "hello john"}' } }],
)

story(
  'plain text',
  [request({ input_format: 'plain', template: '{"message": "{* string.gsub(_body, "not ", "") *}"}' })],
  [
    {
      get: '/a',
      method: 'POST',
      headers: FORM_TYPE,
      send: 'not actually json',
      status: 200,
      body: { body: '{"message": "actually json"}' },
    },
  ],
)

const FIELDS = (...fields: [string, string][]): string =>
  `${fields.map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--b--\r\n`
const ADULTS = `{%
  local core = require 'apisix.core'
  local cjson = require 'cjson'

  if tonumber(context.age) > 18 then
      context._multipart:set_simple("status", "adult")
  else
      context._multipart:set_simple("status", "minor")
  end

  local body = context._multipart:tostring()
%}{* body *}`

story(
  'a form of several parts gets one more',
  [request({ input_format: 'multipart', template: ADULTS })],
  [
    ...(
      [
        ['10', 'minor'],
        ['20', 'adult'],
      ] as const
    ).map(([age, status]) => ({
      get: '/a',
      method: 'POST',
      headers: { 'Content-Type': 'multipart/form-data; boundary=b' },
      send: FIELDS(['name', 'john'], ['age', age]),
      status: 200,
      body: { body: FIELDS(['name', 'john'], ['age', age], ['status', status]) },
    })),
  ],
)

story('what cannot be is refused', [], async ({ refuses }) => {
  for (const [conf, message] of [
    [{}, /request/],
    [{ request: { input_format: 'json' } }, /template/],
    [{ request: { input_format: 'yaml', template: 'x' } }, /input_format/],
    [{ request: { template: '{% os.execute("x") %}' } }, /os.execute is not known/],
  ] as const)
    await refuses('routes/r', { uri: '/a', plugins: { 'body-transformer': conf } }, message)
})

/** Knows Spain, and fails for all else as SOAP fails. */
async function startSoapService(): Promise<string> {
  const envelope = (body: string): string =>
    `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>${body}</SOAP-ENV:Body></SOAP-ENV:Envelope>`
  const server = createServer(async (asked, answer) => {
    const body = Buffer.concat(await asked.toArray()).toString()
    const name = /<ns0:name>(.*)<\/ns0:name>/.exec(body)?.[1] ?? ''
    answer.setHeader('Content-Type', asked.headers['content-type'] ?? 'none')
    if (name !== 'Spain') answer.statusCode = 500
    answer.end(
      envelope(
        name === 'Spain'
          ? '<ns2:getCountryResponse xmlns:ns2="urn:c"><ns2:country><ns2:name>Spain</ns2:name><ns2:population>46704314</ns2:population><ns2:currency>EUR</ns2:currency></ns2:country></ns2:getCountryResponse>'
          : `<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring xml:lang="en">no ${name}</faultstring></SOAP-ENV:Fault>`,
      ),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
