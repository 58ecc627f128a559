// The identity of this gateway among others: made at the first start, kept in the data directory.
import { randomUUID } from 'node:crypto'
import { lineIn } from '../lib/made-file.ts'

export function readNodeId(directory: string): string {
  return lineIn(directory, 'node.id', randomUUID)
}
