// The example of proxy-control's page.
import { startStories } from './story.ts'

const { story, upstream } = await startStories()
const BIG = 'x'.repeat(3_000_000)

for (const request_buffering of [false, true]) {
  story(
    `a big file goes up ${request_buffering ? 'after' : 'while'} it is received`,
    [['routes/1', { uri: '/upload', upstream, plugins: { 'proxy-control': { request_buffering } } }]],
    [
      {
        get: '/upload',
        method: 'POST',
        send: BIG,
        status: 200,
        body: { body: BIG },
        seen: { 'content-length': '3000000' },
      },
    ],
  )
}
