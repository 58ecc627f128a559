// A sample of the campaign's requests through a real nginx: what both take must reach the upstream as the same request.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { needs } from '../needs.ts'
import { type Nginx, startNginx } from './nginx.ts'
import { compareWithNginx } from './second-opinion.ts'

const SEED = 1
const STREAMS = 1000

describe('nginx as a second opinion', needs('nginx', 'nginx-light'), () => {
  let nginx: Nginx
  before(async () => {
    nginx = await startNginx()
  })
  after(() => nginx.stop())

  test('takes the same requests, or the reason is listed', async () => {
    const opinions = await compareWithNginx(nginx, SEED, STREAMS)
    assert.deepEqual(opinions.findings, [])
    assert.ok(opinions.bothTake > STREAMS / 10, `only ${opinions.bothTake} of ${opinions.asked} were taken by both`)
  })
})
