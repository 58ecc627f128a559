// `npm run eval`: the spoken tasks with the model of the settings (gateward.yaml, GATEWARD_MODEL_*), the first phrasing of each task, or with --all
// every phrasing. Prints what failed and the pass rate. Calls the model's provider: some hundred requests.
import { loadSettings } from '../src/settings/load.ts'
import { openModel } from '../src/surfaces/chat/models.ts'
import { SpokenRunner, tasks } from '../test/spoken/runner.ts'

const all = process.argv.includes('--all')
const argv = process.argv.slice(2).filter((one) => one !== '--all')
const { settings } = loadSettings({ argv, env: process.env, cwd: process.cwd() })
const model = await openModel(settings.model, process.env)
const runner = await SpokenRunner.start()
const { provider, name } = settings.model
console.log(`${tasks.length} tasks with ${provider}${name ? ` ${name}` : ''}`)
let [passed, total] = [0, 0]
for (const task of tasks) {
  for (const phrasing of all ? task.say.keys() : [0]) {
    const { wrong, sentence } = await runner.run(task, phrasing, model)
    total++
    if (wrong) console.log(`NO  ${task.id}: ${JSON.stringify(sentence)}: ${wrong}`)
    else passed++
  }
}
console.log(`pass rate ${((100 * passed) / total).toFixed(1)} % (${passed} of ${total})`)
await runner.close()
