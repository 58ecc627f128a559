// The peer of npm: @fastify/http-proxy, as its documentation starts it. `node bench/http-proxy.ts PORT UPSTREAM`.
import proxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [port, upstream] = process.argv.slice(2) as [string, string]
const server = fastify()
server.register(proxy, { upstream })
await server.listen({ port: Number(port), host: '127.0.0.1' })
