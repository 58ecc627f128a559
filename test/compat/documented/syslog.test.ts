// docs: plugins/syslog
import { loggerStories } from './logger-stories.ts'
import { startTcpReceiver } from './receivers.ts'
import { startStories } from './story.ts'

const { port, texts } = await startTcpReceiver(true)
// The page says that flush_limit 1 sends each message at once.
const conf = { host: '127.0.0.1', port, flush_limit: 1 }
const entries = (): object[] => texts.map((message) => JSON.parse(message.slice(message.indexOf('{'))))
loggerStories(await startStories(), { plugin: 'syslog', conf, entries })
