// Servers that loggers send to, beside the HTTP one of test/plugins/logging: what arrives is kept as text. They end after the tests of the file.
import { createSocket } from 'node:dgram'
import { type AddressInfo, createServer } from 'node:net'
import { after } from 'node:test'

export interface TextReceiver {
  port: number
  /** What has arrived, one text for each connection that has ended, line or datagram. */
  texts: string[]
}

/** A TCP server; `lines`: a text for each line instead of for each connection. */
export async function startTcpReceiver(lines = false): Promise<TextReceiver> {
  const texts: string[] = []
  const server = createServer((socket) => {
    let text = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk
      if (!lines) return
      const parts = text.split('\n')
      text = parts.pop() as string
      texts.push(...parts)
    })
    socket.on('end', () => {
      if (!lines) texts.push(text)
      socket.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  return { port: (server.address() as AddressInfo).port, texts }
}

export async function startUdpReceiver(): Promise<TextReceiver> {
  const texts: string[] = []
  const socket = createSocket('udp4', (message) => texts.push(message.toString()))
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  after(() => socket.close())
  return { port: socket.address().port, texts }
}
