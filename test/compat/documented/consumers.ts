// What the stories of the authentication plugins share: each of their pages shows the same things of consumers.
import assert from 'node:assert/strict'
import type { Config, Fields, Stage, Step, Stories, StoryRequest } from './story.ts'

/** One authentication plugin as its page shows it. */
export interface Shown {
  plugin: string
  /** The plugin's data in the credential of the consumer `jack`. */
  credential: object
  /** A request to this target with valid credentials; made anew for each request, since some are signed. */
  valid(target: string): { target: string; request: StoryRequest }
  /** Where the upstream sees the credentials: a header field. */
  carrier: string
}

const quota = (count: number): object => ({
  'limit-count': { count, time_window: 30, rejected_code: 429, policy: 'local' },
})

/** `jack`, his credential `one` and a route with the plugin, written as the pages do: ids stand in the bodies. */
export function configOf(
  { plugin, credential }: Shown,
  upstream: object,
  conf: object = {},
  jack: object = {},
): Config {
  return [
    ['consumers', { username: 'jack', ...jack }],
    ['consumers/jack/credentials', { id: 'one', plugins: { [plugin]: credential } }],
    ['routes', { id: 'r', uri: '/anything', plugins: { [plugin]: conf }, upstream }],
  ]
}

/** A step with valid credentials. */
export function validStep(shown: Shown, wanted: Omit<Step, 'get'>, path = '/anything'): Step {
  const { target, request } = shown.valid(path)
  const { method, headers, body } = request
  return { get: target, ...(method && { method }), ...(headers && { headers }), send: body, ...wanted }
}

/** How often each status was answered. */
export async function count(times: number, ask: () => Promise<{ status: number }>): Promise<Record<number, number>> {
  const counts: Record<number, number> = {}
  for (let i = 0; i < times; i++) {
    const { status } = await ask()
    counts[status] = (counts[status] ?? 0) + 1
  }
  return counts
}

/** The stories that the pages of all of them tell: hidden credentials, a custom id, quotas of known and anonymous consumers. */
export function sharedStories({ story, upstream }: Pick<Stories, 'story' | 'upstream'>, shown: Shown): void {
  const { plugin, carrier } = shown
  const jack = { 'x-consumer-username': 'jack', 'x-credential-identifier': 'one', 'x-consumer-custom-id': undefined }
  const passes = (seen: Fields): Step => validStep(shown, { status: 200, seen: { ...jack, ...seen } })

  story('the upstream sees the credentials unless they are hidden', configOf(shown, upstream), async (stage: Stage) => {
    await stage.step(passes({ [carrier]: /./ }))
    const { status } = await stage.admin('PATCH', 'routes/r', { plugins: { [plugin]: { hide_credentials: true } } })
    assert.equal(status, 200)
    await stage.step(passes({ [carrier]: undefined }))
  })

  story(
    'a consumer has an id of its owner',
    configOf(shown, upstream, {}, { labels: { custom_id: '495aec6a' } }),
    async ({ step }) => void (await step(passes({ 'x-consumer-custom-id': '495aec6a' }))),
  )

  const quotas: Config = [
    ...configOf(shown, upstream, { anonymous_consumer: 'anonymous' }, { plugins: quota(3) }),
    ['consumers', { username: 'anonymous', plugins: quota(1) }],
  ]
  story('who does not authenticate is the anonymous consumer, with a quota of its own', quotas, async ({ send }) => {
    const known = () => {
      const { target, request } = shown.valid('/anything')
      return send(target, request)
    }
    assert.deepEqual(await count(5, known), { 200: 3, 429: 2 })
    assert.deepEqual(await count(5, () => send('/anything')), { 200: 1, 429: 4 })
  })
}
