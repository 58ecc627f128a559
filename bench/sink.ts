// A backend that takes a body of any length and throws it away: `node bench/sink.ts PORT`. nginx would answer before it has read it.
import { createServer } from 'node:http'

createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(204).end())
}).listen(Number(process.argv[2]), '127.0.0.1')
