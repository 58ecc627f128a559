// `npm run soak [-- --seconds N]`: one gateway process under mixed traffic (test/soak), three minutes unless told otherwise. Ends with 1 when
// an answer was wrong, something leaked, or the log has an error.
import { parseArgs } from 'node:util'
import { soak } from '../test/soak/soak.ts'

const MAX_SHOWN = 20

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '180' } } })
const seconds = Number(values.seconds)
if (!(seconds > 0)) {
  console.error(`--seconds takes a number above 0, found "${values.seconds}"`)
  process.exit(1)
}
const { conversations, changes, problems, before, after, samples } = await soak(seconds, (line) => console.log(line))
for (const [name, count] of Object.entries(conversations)) console.log(`${String(count).padStart(8)}  ${name}`)
console.log(`${String(changes).padStart(8)}  changes of the configuration`)
console.log(
  `open files: ${before.handles} before, ${after.handles} after; memory: ${before.rssMb} MB before, ${after.rssMb} MB after, at most ${Math.max(...samples.map(({ rssMb }) => rssMb))}`,
)
for (const problem of problems.slice(0, MAX_SHOWN)) console.error(problem)
if (problems.length > MAX_SHOWN) console.error(`and ${problems.length - MAX_SHOWN} more`)
console.log(problems.length ? 'failed' : 'clean')
process.exit(problems.length ? 1 : 0)
