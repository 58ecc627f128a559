// Every operation, one per line. From these values come the tools of MCP and of the chat, the REST paths and the commands.
import type { Operation } from './contract.ts'
import { apply } from './tools/apply.ts'
import { confirm } from './tools/confirm.ts'
import { describePlugins } from './tools/describe-plugins.ts'
import { explain } from './tools/explain.ts'
import { history } from './tools/history.ts'
import { lint } from './tools/lint.ts'
import { look } from './tools/look.ts'
import { plan } from './tools/plan.ts'
import { promote } from './tools/promote.ts'
import { prove } from './tools/prove.ts'
import { traffic } from './tools/traffic.ts'
import { undo } from './tools/undo.ts'

export const operations: readonly Operation[] = [
  look,
  explain,
  traffic,
  lint,
  describePlugins,
  history,
  plan,
  promote,
  apply,
  confirm,
  prove,
  undo,
] as unknown as readonly Operation[]
