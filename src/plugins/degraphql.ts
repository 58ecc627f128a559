// Makes a GraphQL query of a plain request, so that clients need not know GraphQL: the query stands in the configuration, its variables come from the
// query arguments of a GET or from the JSON body of a POST. The upstream gets GraphQL over HTTP by the same method.
import { GraphQLError, Kind, parse } from 'graphql'
import Type, { type Static } from 'typebox'
import { BodyError } from '../gateway/body.ts'
import type { Exchange } from '../gateway/exchange.ts'
import { definePlugin, type Reply } from '../gateway/plugin.ts'
import { parseJsonObject } from '../lib/parse-json.ts'
import { queryArguments } from './logging/entry.ts'

const schema = Type.Object({
  query: Type.String({
    title: 'Query',
    description: 'the GraphQL query that the upstream gets',
    minLength: 1,
    examples: ['query($name: String!) { user(name: $name) { id } }'],
  }),
  variables: Type.Optional(
    Type.Array(Type.String(), {
      title: 'Variables',
      description: 'names of the variables that a request may give',
      minItems: 1,
      examples: [['name']],
    }),
  ),
  operation_name: Type.Optional(
    Type.String({
      title: 'Operation',
      description: 'operation to run; needed when the query has several',
      minLength: 1,
      examples: ['UserById'],
    }),
  ),
  max_req_body_size: Type.Optional(
    Type.Integer({
      title: 'Largest body',
      description: 'bytes of a body with variables; a larger one is refused with 413',
      minimum: 1,
      default: 67108864,
      examples: [65536],
    }),
  ),
})
type Conf = Static<typeof schema>

/** Names and values that the upstream gets, in this order. */
interface Question {
  operationName?: string
  variables?: Record<string, unknown>
  query: string
}

const MAX_BODY_BYTES = 67108864

export default definePlugin<Conf>({
  name: 'degraphql',
  version: 0.1,
  priority: 509,
  schema,
  check(conf, kind) {
    if (kind === 'plugin') checkQuery(conf)
  },
  setup(conf) {
    return {
      access(ctx) {
        if (ctx.request.method === 'GET') return askByGet(ctx, conf)
        return ctx.request.method === 'POST' ? askByPost(ctx, conf) : { status: 405 }
      },
    }
  },
})

function checkQuery({ query, operation_name: name }: Conf): void {
  let operations: (string | undefined)[]
  try {
    const found = parse(query).definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION)
    operations = found.map((one) => one.name?.value)
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    throw new Error(`failed to parse query: Syntax error near line ${error.locations?.[0]?.line ?? 1}`)
  }
  if (operations.length > 1 && name === undefined)
    throw new Error('operation_name is required if multiple operations are present in the query')
  if (name !== undefined && !operations.includes(name))
    throw new Error(`property "operation_name" is ${name}, which is no operation of the query`)
}

function toQuestion({ operation_name: name, query }: Conf, variables: Record<string, unknown> | undefined): Question {
  return { ...(name === undefined ? {} : { operationName: name }), ...(variables ? { variables } : {}), query }
}

function askByGet(ctx: Exchange, conf: Conf): undefined {
  const { request } = ctx
  const given = queryArguments(request.query)
  const variables = conf.variables && Object.fromEntries(conf.variables.map((name) => [name, given[name]]))
  const fields = Object.entries(toQuestion(conf, variables)).map(
    ([name, value]) => `${name}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`,
  )
  const path = (ctx.upstreamUri ?? request.target).split('?', 1)[0]
  request.query = fields.join('&')
  ctx.upstreamUri = `${path}?${request.query}`
  return undefined
}

async function askByPost(ctx: Exchange, conf: Conf): Promise<Reply | undefined> {
  const { request } = ctx
  let body: Buffer
  try {
    body = await request.body.read(conf.max_req_body_size ?? MAX_BODY_BYTES)
  } catch (error) {
    if (error instanceof BodyError) return { status: error.status }
    throw error
  }
  const given = conf.variables ? parseJsonObject(body.toString()) : {}
  if (!given) return { status: 400 } // the variables cannot be known
  const pairs = conf.variables?.filter((name) => Object.hasOwn(given, name))
  const variables = pairs && Object.fromEntries(pairs.map((name) => [name, given[name]]))
  request.body.replace(Buffer.from(JSON.stringify(toQuestion(conf, variables))))
  request.headers.remove('content-encoding')
  request.headers.set('Content-Type', 'application/json')
  return undefined
}
