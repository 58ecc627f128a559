// Conversations over HTTP, for the owner only: list, rename, remove, say, stop, follow (server-sent events), and one turn as lines of JSON for scripts.
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { stream, streamSSE } from 'hono/streaming'
import type { Chats } from '../chat/chats.ts'
import type { ChatNews } from '../chat/entries.ts'
import type { Owner } from '../owner.ts'
import { isOwner } from './access.ts'
import { answerError, forbidden, readJson } from './answers.ts'
import { untilGone } from './follow.ts'

const MAX_SENTENCE_LENGTH = 8000
const MAX_ID_LENGTH = 64
const MAX_BODY_BYTES = 64 * 1024

export function chatsApi({ chats, owner }: { chats: Chats; owner: Owner }): Hono {
  const app = new Hono()
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES }))
  app.use(async (c, next) => (isOwner(c, owner) ? next() : forbidden(c)))
  app.onError(answerError)

  app.get('/chats', (c) => c.json({ chats: chats.list(c.req.query('search')?.slice(0, 200)) }))
  app.patch('/chats/:id', async (c) => {
    const title = (await readJson(c))?.title
    if (typeof title !== 'string' || !title.trim()) return c.json({ error: 'a conversation needs a title' }, 400)
    chats.rename(c.req.param('id'), title.trim())
    return c.json({ ok: true })
  })
  app.delete('/chats/:id', async (c) => {
    await chats.remove(c.req.param('id'))
    return c.json({ ok: true })
  })
  app.post('/chats/:id/say', async (c) => {
    const sentence = await readSentence(c)
    if (sentence === undefined) return badSentence(c)
    chats.say(c.req.param('id').slice(0, MAX_ID_LENGTH), sentence)
    return c.json({ ok: true }, 202)
  })
  app.post('/chats/:id/stop', async (c) => {
    await chats.stop(c.req.param('id'))
    return c.json({ ok: true })
  })
  app.get('/chats/:id/events', (c) => follow(c, chats, c.req.param('id')))
  app.post('/chat', (c) => oneTurn(c, chats))
  return app
}

function follow(c: Context, chats: Chats, id: string): Response {
  return streamSSE(c, async (out) => {
    const leave = chats.follow(id, (news) => void out.writeSSE({ data: JSON.stringify(news) }))
    await untilGone(out)
    leave()
  })
}

/** Says a sentence and writes what happens, one JSON object a line, until the turn has ended. */
async function oneTurn(c: Context, chats: Chats): Promise<Response> {
  const input = await readJson(c)
  const sentence = checkSentence(input?.message)
  if (sentence === undefined) return badSentence(c)
  const id = typeof input?.conversation === 'string' ? input.conversation.slice(0, MAX_ID_LENGTH) : 'default'
  c.header('Content-Type', 'application/x-ndjson')
  return stream(c, async (out) => {
    await new Promise<void>((resolve) => {
      const write = (event: object): void => void out.write(`${JSON.stringify(event)}\n`)
      const leave = chats.follow(id, (news: ChatNews) => {
        if (news.type === 'append') write({ type: 'text', text: news.text })
        else if (news.type === 'secrets') write(news)
        else if (news.type === 'entry' && news.entry.type !== 'secrets' && news.entry.type !== 'you') {
          write(news.entry)
          if (news.entry.type === 'end') resolve(leave())
        }
      })
      out.onAbort(() => resolve(leave()))
      try {
        chats.say(id, sentence)
      } catch (error) {
        write({ type: 'error', message: (error as Error).message })
        resolve(leave())
      }
    })
  })
}

async function readSentence(c: Context): Promise<string | undefined> {
  return checkSentence((await readJson(c))?.message)
}

function checkSentence(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() && value.length <= MAX_SENTENCE_LENGTH ? value : undefined
}

function badSentence(c: Context): Response {
  return c.json({ error: `message is a text of at most ${MAX_SENTENCE_LENGTH} characters` }, 400)
}
