// What is said of an API that chats use is said of all its routes: the API's own, the one for MCP clients, its document. Its manifest is none of them:
// it tells how to sign in, and follows what the others ask for.
import { pluginsIn, type Resource } from '../../resources/kinds.ts'
import type { Inventory } from '../inventory.ts'
import type { WishedChange } from '../plan.ts'
import { chatApi } from './chat.ts'
import type { Intent } from './index.ts'
import { manifestOf } from './manifest.ts'

export interface Said {
  intent: Intent
  /** A name for the routes of one API about all of which it is said. */
  api: string | undefined
}

/**
 * The intents, each about one route. `ofAll`: names of those that are about all routes of an API when, after the plan has given it to chats, they name
 * none.
 */
export function* ofApis(
  intents: readonly Intent[],
  ofAll: ReadonlySet<string>,
  inventory: Inventory,
  planned: () => readonly WishedChange[],
): Generator<Said> {
  const routeOf = (id: string | undefined): Resource | undefined =>
    planned().find((one) => one.kind === 'routes' && one.id === id && one.action === 'create')?.set ??
    inventory.get('routes', id)
  let given = false
  for (const intent of intents) {
    if (given && intent.route === undefined && ofAll.has(intent.do)) {
      const made = planned().filter((one) => one.kind === 'routes' && one.action === 'create' && !manifestOf(one.set))
      for (const { id } of made) yield { intent: { ...intent, route: id }, api: made[0]?.id }
    } else if (!ofAll.has(intent.do) || !manifestOf(routeOf(intent.route))) {
      const alike = intents.filter((one) => isAlike(one, intent))
      const isApi = alike.length > 1 && alike.some(({ route }) => 'openapi-to-mcp' in pluginsIn(routeOf(route)))
      yield { intent, api: isApi ? alike[0]?.route : undefined }
    }
    given ||= intent.do === chatApi.name
  }
}

/** The same, said of another route. */
function isAlike({ route: _one, ...first }: Intent, { route: _other, ...second }: Intent): boolean {
  return JSON.stringify(first) === JSON.stringify(second)
}
