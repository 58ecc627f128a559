// docs: plugins/tcp-logger
import { loggerStories } from './logger-stories.ts'
import { startTcpReceiver } from './receivers.ts'
import { startStories } from './story.ts'

const { port, texts } = await startTcpReceiver()
const conf = { host: '127.0.0.1', port, tls: false, batch_max_size: 1, name: 'tcp logger' }
loggerStories(await startStories(), {
  plugin: 'tcp-logger',
  conf,
  entries: () => texts.map((text) => JSON.parse(text)),
})
