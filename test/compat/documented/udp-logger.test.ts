// docs: plugins/udp-logger
import { loggerStories } from './logger-stories.ts'
import { startUdpReceiver } from './receivers.ts'
import { startStories } from './story.ts'

const { port, texts } = await startUdpReceiver()
const conf = { host: '127.0.0.1', port, batch_max_size: 1, name: 'udp logger' }
loggerStories(await startStories(), {
  plugin: 'udp-logger',
  conf,
  entries: () => texts.map((text) => JSON.parse(text)),
})
