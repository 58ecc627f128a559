// The sample API of the demo: a conference with speakers, sessions and topics. Plain JavaScript without dependencies, so that it also runs
// alone: `node examples/conference-api/server.mjs 8080`.
import http from 'node:http'

const topics = ['gateways', 'observability', 'security', 'streaming'].map((name, i) => ({ id: i + 1, name }))
const speakers = Array.from({ length: 6 }, (_, i) => ({ id: i + 1, name: `Speaker ${i + 1}` }))
const sessions = Array.from({ length: 12 }, (_, i) => {
  const topic = topics[i % topics.length]
  return {
    id: i + 1,
    title: `Session ${i + 1}: ${topic.name}`,
    speakerId: (i % speakers.length) + 1,
    topicId: topic.id,
    timeslot: `${9 + (i % 8)}:00`,
  }
})

/** What is served: a pattern for the path and what it gives for the number in it; undefined: 404. */
const resources = [
  [/^\/speakers$/, () => speakers],
  [/^\/speaker\/(\d+)$/, (id) => speakers.find((one) => one.id === id)],
  [/^\/speaker\/(\d+)\/sessions$/, (id) => listOf(speakers, id, 'speakerId')],
  [/^\/speaker\/(\d+)\/topics$/, (id) => topicsOf(id)],
  [/^\/sessions$/, () => sessions],
  [/^\/session\/(\d+)$/, (id) => sessions.find((one) => one.id === id)],
  [/^\/topics$/, () => topics],
  [/^\/topic\/(\d+)$/, (id) => topics.find((one) => one.id === id)],
  [/^\/topic\/(\d+)\/sessions$/, (id) => listOf(topics, id, 'topicId')],
]

function listOf(owners, id, field) {
  return owners.some((one) => one.id === id) ? sessions.filter((one) => one[field] === id) : undefined
}

function topicsOf(speakerId) {
  const held = listOf(speakers, speakerId, 'speakerId')
  return held && topics.filter((topic) => held.some((session) => session.topicId === topic.id))
}

/** OpenAPI 3.1 document of this API. */
function document(origin) {
  const answers = {
    200: { description: 'found', content: { 'application/json': { schema: {} } } },
    404: { description: 'not found' },
  }
  const id = { name: 'id', in: 'path', required: true, schema: { type: 'integer' }, example: 1 }
  const path = (summary, withId) => ({ get: { summary, responses: answers, ...(withId ? { parameters: [id] } : {}) } })
  return {
    openapi: '3.1.0',
    info: {
      title: 'Conference API',
      version: '1.0.0',
      description: 'Speakers, sessions and topics of a sample conference.',
    },
    servers: [{ url: origin }],
    paths: {
      '/speakers': path('All speakers'),
      '/speaker/{id}': path('One speaker', true),
      '/speaker/{id}/sessions': path('Sessions of a speaker', true),
      '/speaker/{id}/topics': path('Topics of a speaker', true),
      '/sessions': path('All sessions'),
      '/session/{id}': path('One session', true),
      '/topics': path('All topics'),
      '/topic/{id}': path('One topic', true),
      '/topic/{id}/sessions': path('Sessions on a topic', true),
    },
  }
}

/** Starts the API on 127.0.0.1; port 0 takes a free one. Resolves to its port and a function that stops it. */
export function startConferenceApi(port, host = '127.0.0.1') {
  const server = http.createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    const reply = (status, body) => {
      response.writeHead(status, { 'Content-Type': 'application/json' })
      response.end(`${JSON.stringify(body)}\n`)
    }
    if (path === '/openapi.json') return reply(200, document(`http://${request.headers.host}`))
    if (request.method !== 'GET' && request.method !== 'HEAD') return reply(405, { error: 'this API only reads' })
    for (const [pattern, find] of resources) {
      const match = pattern.exec(path)
      if (!match) continue
      const found = find(Number(match[1]))
      return found === undefined ? reply(404, { error: `there is no ${path}` }) : reply(200, found)
    }
    return reply(404, { error: `there is no ${path}`, see: '/openapi.json' })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      resolve({
        port: server.address().port,
        close: () =>
          new Promise((closed) => {
            server.close(closed)
            server.closeAllConnections()
          }),
      })
    })
  })
}

if (import.meta.filename === process.argv[1]) {
  const host = process.argv[3] ?? '127.0.0.1'
  const { port } = await startConferenceApi(Number(process.argv[2] ?? 8080), host)
  console.log(`Conference API on http://${host}:${port}`)
}
