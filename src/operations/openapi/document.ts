// An OpenAPI document as operations read it: what is wrong with it is told to the caller.
import { type OpenApiDocument, readOpenApi } from '../../lib/openapi-document.ts'
import { OperationError } from '../contract.ts'

/** Reads text as JSON or YAML. Throws `invalid` with what was found. */
export function readDocument(source: string): OpenApiDocument {
  try {
    return readOpenApi(source)
  } catch (error) {
    throw new OperationError('invalid', (error as Error).message)
  }
}
