// The tools of one OpenAPI document, ready to be listed and called: finds a tool, checks a call's input against its schema, fills in defaults.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'
import { BOUNDED_PATTERNS } from './bounded-regex.ts'
import { isObject } from './is-object.ts'
import { nearest } from './nearest.ts'
import type { Json, OpenApiDocument } from './openapi-document.ts'
import { type ToolRequest, toRequest } from './openapi-request.ts'
import { GROUPS, type OpenApiTool, toTools } from './openapi-tools.ts'
import { withDefaults } from './schema-defaults.ts'
import { UNIQUE_ITEMS } from './unique-items.ts'

export class OpenApiToolset {
  readonly tools: readonly OpenApiTool[]
  readonly #flat: boolean
  /** Path that the document's first server puts before every path. */
  readonly #prefix: string
  readonly #byName: ReadonlyMap<string, OpenApiTool>
  readonly #ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    allErrors: true,
    code: { regExp: BOUNDED_PATTERNS },
  })
  readonly #compiled = new Map<string, ValidateFunction>()

  constructor(document: OpenApiDocument, flat: boolean) {
    this.tools = toTools(document, flat)
    this.#flat = flat
    this.#ajv.removeKeyword('uniqueItems').addKeyword(UNIQUE_ITEMS)
    this.#prefix = prefixOf(document.root)
    this.#byName = new Map(this.tools.map((tool) => [tool.name, tool]))
  }

  /**
   * The request that a call stands for. `withPrefix`: its path begins with that of the document's server. Throws an Error that a model can
   * repair its call from.
   */
  request(name: string, input: Json, withPrefix: boolean): ToolRequest {
    const tool = this.#byName.get(name)
    if (!tool) {
      const meant = nearest(name, this.#byName.keys())
      throw new Error(`there is no tool ${name}${meant === undefined ? '' : `; did you mean ${meant}`}`)
    }
    const complete = this.#flat ? input : withGroups(tool, input)
    const validate = this.#validatorOf(tool)
    if (!validate(complete)) throw new Error(`the arguments of ${name} do not fit: ${explain(validate.errors ?? [])}`)
    const request = toRequest(tool, withDefaults(tool.inputSchema, complete), this.#flat)
    return withPrefix ? { ...request, target: `${this.#prefix}${request.target}` } : request
  }

  #validatorOf(tool: OpenApiTool): ValidateFunction {
    const known = this.#compiled.get(tool.name)
    if (known) return known
    const compiled = this.#compile(tool)
    this.#compiled.set(tool.name, compiled)
    return compiled
  }

  #compile(tool: OpenApiTool): ValidateFunction {
    try {
      return this.#ajv.compile(tool.inputSchema)
    } catch (error) {
      throw new Error(`the OpenAPI document describes the input of ${tool.name} wrongly: ${(error as Error).message}`)
    }
  }
}

/** Groups that were left out are empty ones, so that defaults find their place. */
function withGroups(tool: OpenApiTool, input: Json): Json {
  const wanted = Object.values(GROUPS).filter(
    (group) => isObject(tool.inputSchema.properties) && group in tool.inputSchema.properties,
  )
  return { ...Object.fromEntries(wanted.map((group) => [group, {}])), ...input }
}

const MAX_ERRORS = 5

function explain(errors: ErrorObject[]): string {
  const one = ({ instancePath, message, params }: ErrorObject): string => {
    const what = 'additionalProperty' in params ? ` (${params.additionalProperty})` : ''
    const allowed = 'allowedValues' in params ? `: ${(params.allowedValues as unknown[]).join(', ')}` : ''
    return `${instancePath || '/'} ${message}${what}${allowed}`
  }
  return errors.slice(0, MAX_ERRORS).map(one).join('; ')
}

function prefixOf({ servers, basePath }: Json): string {
  const [server] = Array.isArray(servers) ? servers : []
  const url = isObject(server) ? server.url : basePath
  if (typeof url !== 'string' || !URL.canParse(url, 'http://api')) return ''
  return new URL(url, 'http://api').pathname.replace(/\/+$/, '')
}
