// Reads an OpenAPI document, 3.0, 3.1 or Swagger 2, JSON or YAML, and tells what is in it in one form. Only what stands in the document itself is
// read: references to other files are never followed, they are told as lost.
import { isObject } from './is-object.ts'
import { fromPointerPart } from './json-pointer.ts'
import { readYaml } from './parse-yaml.ts'
import { percentDecode } from './percent.ts'
import { plainText } from './text.ts'

/** Bytes of a document. */
export const MAX_DOCUMENT_BYTES = 2 * 1024 * 1024
/** A reference may lead to a reference, this often. */
const MAX_REFERENCES = 10
/** YAML aliases, which could make a short text a long document. */
const MAX_ALIASES = 1000

export type Json = Record<string, unknown>

export interface OpenApiDocument {
  /** `3.0.3`, `3.1.0`, `2.0`. */
  version: string
  title: string
  root: Json
}

/** Reads text as JSON or YAML. Throws an Error with what was found. */
export function readOpenApi(source: string): OpenApiDocument {
  const bytes = Buffer.byteLength(source)
  if (bytes > MAX_DOCUMENT_BYTES)
    throw new Error(`the OpenAPI document has ${bytes} bytes, more than ${MAX_DOCUMENT_BYTES}; split it`)
  const root = parseText(source)
  const version = String(root.openapi ?? root.swagger ?? '')
  if (!/^3\.[01](?:\.|$)/.test(version) && !/^2\.0/.test(version))
    throw new Error(
      version
        ? `the document says it is OpenAPI ${plainText(version, 20)}; 2.0, 3.0 and 3.1 are understood`
        : 'this is no OpenAPI document: it has neither `openapi` nor `swagger`',
    )
  if (!isObject(root.paths)) throw new Error('the OpenAPI document has no paths')
  const info = isObject(root.info) ? root.info : {}
  return { version, title: plainText(String(info.title ?? 'API'), 80), root }
}

function parseText(source: string): Json {
  const text = source.replace(/^\uFEFF/, '').trimStart()
  try {
    const value: unknown = text.startsWith('{') ? JSON.parse(text) : readYaml(text, MAX_ALIASES)
    if (isObject(value)) return value
  } catch (error) {
    throw new Error(`the OpenAPI document cannot be read: ${plainText((error as Error).message, 200)}`)
  }
  throw new Error('the OpenAPI document is not an object')
}

/** What a value stands for: itself, or what its reference leads to within the document; undefined when it leads out of it or nowhere. */
export function resolve(value: unknown, root: Json): Json | undefined {
  let here = value
  for (let step = 0; step < MAX_REFERENCES; step++) {
    if (!isObject(here)) return undefined
    const reference = here.$ref
    if (typeof reference !== 'string') return here
    if (!reference.startsWith('#/')) return undefined
    here = follow(reference.slice(2), root)
  }
  return undefined
}

function follow(pointer: string, root: Json): unknown {
  let here: unknown = root
  for (const part of pointer.split('/')) {
    const name = fromPointerPart(percentDecode(part))
    if (!isObject(here) || !Object.hasOwn(here, name)) return undefined
    here = here[name]
  }
  return here
}
