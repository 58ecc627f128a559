// The load of bench/wire.ts that resumes sessions: `node bench/tls-client.ts PORT SECONDS`. Prints, as JSON, requests and how many of their
// connections resumed a session. A process of its own, so that it can be pinned.
import { once } from 'node:events'
import { connect } from 'node:tls'

const [port, seconds] = process.argv.slice(2).map(Number) as [number, number]
const AT_ONCE = 4
const end = Date.now() + seconds * 1000
let requests = 0
let reused = 0

async function one(session: Buffer | undefined): Promise<Buffer | undefined> {
  let next = session
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, session })
  socket.on('session', (ticket) => {
    next = ticket
  })
  socket.on('secureConnect', () => {
    if (socket.isSessionReused()) reused++
  })
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  socket.resume()
  await once(socket, 'close')
  requests++
  return next
}

await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    let session = await one(undefined)
    while (Date.now() < end) session = await one(session)
  }),
)
console.log(JSON.stringify({ requests, reused }))
