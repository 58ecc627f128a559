// Schemas that the console makes its forms from: `GET /console/schema/kinds/KIND` for resources, `.../plugins/NAME` for plugins. The schemas of
// resources are Gateward's own, since no version of APISIX serves them all; the plan is still checked by the target itself.
import { Hono } from 'hono'
import { OperationError } from '../../operations/contract.ts'
import { SCHEMAS, SECRET_SCHEMAS } from '../../resources/schemas.ts'
import { kindOf, type MakeContext, targetOf } from './named.ts'

export function schemaApi(context: MakeContext): Hono {
  const app = new Hono()

  app.get('/console/schema/kinds/:kind', async (c) => {
    const kind = kindOf(c)
    if (kind === 'secrets') return c.json({ schema: secretSchema(c.req.query('id') ?? '') })
    const plugin = c.req.query('id')
    if (kind === 'plugin_metadata' && plugin)
      return c.json({ schema: await targetOf(c, context).admin.pluginSchema(plugin, 'metadata') })
    return c.json({ schema: SCHEMAS[kind] })
  })

  app.get('/console/schema/plugins/:name', async (c) => {
    const of = ['consumers', 'credentials'].includes(c.req.query('kind') ?? '') ? 'consumer' : 'plugin'
    return c.json({ schema: await targetOf(c, context).admin.pluginSchema(c.req.param('name'), of) })
  })

  app.get('/console/plugins', async (c) => c.json({ plugins: await targetOf(c, context).admin.pluginNames() }))

  return app
}

/** By the manager in the id `manager/id`. */
function secretSchema(id: string): object {
  const [manager = ''] = id.split('/')
  const schema = Object.hasOwn(SECRET_SCHEMAS, manager) ? SECRET_SCHEMAS[manager] : undefined
  if (!schema)
    throw new OperationError(
      'invalid',
      `the id of a secret manager is manager/id, with one of ${Object.keys(SECRET_SCHEMAS).join(', ')}`,
    )
  return schema
}
