// Looks whether ports are free before the threads open them. Threads share their ports (SO_REUSEPORT), and the system lets any program of the same
// user share with them: without this look a second gateway on the same port would start without a word and take every other connection.
import dgram from 'node:dgram'
import net, { isIP } from 'node:net'
import { withBrackets } from '../lib/address.ts'
import { ListenError } from '../lib/listen-error.ts'
import type { Address } from './listener.ts'

/** Opens all ports for this process alone and closes them again. Rejects with a ListenError for one that is taken, also by another of the list. */
export async function needFree(tcp: readonly Address[], udp: readonly Address[]): Promise<void> {
  const closers: (() => Promise<void>)[] = []
  try {
    for (const address of tcp) if (address.port) closers.push(await holdTcp(address))
    for (const address of udp) if (address.port) closers.push(await holdUdp(address))
  } finally {
    await Promise.all(closers.map((close) => close()))
  }
}

function holdTcp(address: Address): Promise<() => Promise<void>> {
  const server = net.createServer((socket) => socket.destroy())
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(ListenError.at(toText(address), error)))
    server.listen({ ...address, exclusive: true }, () => {
      resolve(() => new Promise((closed) => server.close(() => closed())))
    })
  })
}

function holdUdp(address: Address): Promise<() => Promise<void>> {
  const socket = dgram.createSocket(isIP(address.host) === 6 ? 'udp6' : 'udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close()
      reject(ListenError.at(toText(address), error))
    })
    socket.bind(address.port, address.host, () => resolve(() => new Promise((closed) => socket.close(() => closed()))))
  })
}

function toText({ host, port }: Address): string {
  return `${withBrackets(host)}:${port}`
}
