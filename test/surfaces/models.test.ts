// A real provider's protocol in place of the interpreter: an OpenAI-compatible server that this test plays.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChatEvent, Conversation } from '../../src/surfaces/chat/agent.ts'
import { openModel } from '../../src/surfaces/chat/models.ts'
import { gatewayForTest } from '../operations/gateway-for-test.ts'
import { startFakeModel } from './fake-model.ts'

test('an OpenAI-compatible model drives the same loop, and never sees a key', async () => {
  const gw = await gatewayForTest()
  const call = (name: string, input: object) => ({
    tool_calls: [{ index: 0, id: name, type: 'function', function: { name, arguments: JSON.stringify(input) } }],
  })
  const model = await startFakeModel(() => {
    const { bodies } = model
    const planId = /plan-[0-9a-f]{8}/.exec(bodies.at(-1) ?? '')?.[0]
    const deltas = [
      call('plan', {
        intents: [{ do: 'publish', path: '/m/*', url: `http://${gw.api}` }],
        changes: [
          {
            action: 'create',
            kind: 'consumers',
            id: 'jack',
            set: { username: 'jack', plugins: { 'key-auth': { key: 'very-secret' } } },
          },
        ],
      }),
      call('apply', { plan_id: planId }),
      call('look', { kind: 'consumers', id: 'jack' }),
      { content: 'All done.' },
    ]
    return deltas[bodies.length - 1] ?? { content: '' }
  })
  const conversation = new Conversation(
    await openModel({ provider: 'openai-compatible', name: 'm', base_url: model.baseUrl }, {}),
  )
  const events: ChatEvent[] = []
  for await (const event of conversation.say('publish it', gw.ctx)) events.push(event)
  model.close()
  assert.deepEqual(
    events.filter((one) => one.type === 'tool').map((one) => one.name),
    ['plan', 'apply', 'look'],
  )
  assert.equal(
    events
      .filter((one) => one.type === 'text')
      .map((one) => one.text)
      .join(''),
    'All done.',
  )
  assert.equal((await fetch(`${gw.gateway}/m/1`)).status, 200)
  // What the model itself wrote is in its own messages; what the tools answered must not repeat it.
  const last = JSON.parse(model.bodies.at(-1) as string) as { messages: { role: string; content: string }[] }
  const answers = last.messages.filter((one) => one.role === 'tool').map((one) => one.content)
  assert.equal(answers.length, 3)
  assert.equal(answers.join().includes('very-secret'), false)
  await gw.close()
})

test('a missing key or address is said', async () => {
  await assert.rejects(openModel({ provider: 'openai' }, {}), /OPENAI_API_KEY holds no key/)
  await assert.rejects(openModel({ provider: 'openai-compatible', name: 'm' }, {}), /model\.base_url/)
})

test('a model that cannot be reached is an error event, not a crash', async () => {
  const gw = await gatewayForTest()
  const conversation = new Conversation(
    await openModel({ provider: 'openai-compatible', name: 'm', base_url: 'http://127.0.0.1:1/v1' }, {}),
  )
  const events: ChatEvent[] = []
  for await (const event of conversation.say('hello', gw.ctx)) events.push(event)
  assert.equal(
    events.some((one) => one.type === 'error'),
    true,
  )
  assert.equal(events.at(-1)?.type, 'end')
  await gw.close()
})
