// The identity of this gateway among others: made at the first start, kept in the data directory.
import { randomUUID } from 'node:crypto'
import { fileIn } from './keys.ts'

export function readNodeId(directory: string): string {
  return fileIn(directory, 'node.id', randomUUID)
}
