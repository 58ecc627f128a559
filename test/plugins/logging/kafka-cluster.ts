// librdkafka's own mock cluster, which speaks the Kafka protocol: `kcat` runs it and consumes from it.
import { spawn } from 'node:child_process'
import { after } from 'node:test'
import { until } from '../../until.ts'

export interface Cluster {
  port: number
  /** `topic|key|value` of each message. */
  messages: string[]
}

/** Ends after the tests of the file. */
export async function startCluster(topic: string): Promise<Cluster> {
  const config = ['-X', 'test.mock.num.brokers=1', '-X', 'auto.offset.reset=earliest', '-d', 'mock']
  const kcat = spawn('kcat', ['-C', '-u', '-b', 'mock', '-t', topic, ...config, '-f', '%t|%k|%s\\n'])
  after(() => kcat.kill())
  const messages: string[] = []
  let output = ''
  let log = ''
  kcat.stdout.on('data', (chunk) => {
    const lines = (output + chunk).split('\n')
    output = lines.pop() as string
    messages.push(...lines)
  })
  kcat.stderr.on('data', (chunk) => {
    log += chunk
  })
  const port = await until(
    () => /bootstrap\.servers=127\.0\.0\.1:(\d+)/.exec(log)?.[1],
    () => `kcat did not start a cluster: ${log}`,
  )
  return { port: Number(port), messages }
}
