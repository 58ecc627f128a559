// Addresses and networks of a route or a stream route, beyond the form that its schema asks for: an octet above 255, a prefix longer than the
// address. In the words that the schema has for what has not even the form.
import { CidrSet } from '../lib/cidr.ts'
import { thrownBy } from '../lib/message-of.ts'
import type { Resource } from './kinds.ts'

const NO_ADDRESS = 'object matches none of the required'

/** Undefined: nothing is wrong. */
export function checkAddresses(resource: Resource): string | undefined {
  for (const member of ['remote_addr', 'server_addr']) {
    const value = resource[member]
    if (value !== undefined && !isAddress(value)) return `${failed(member)}${NO_ADDRESS}`
  }
  const list = (resource.remote_addrs as unknown[] | undefined) ?? []
  const wrong = list.findIndex((one) => !isAddress(one))
  return wrong < 0 ? undefined : `${failed('remote_addrs')}failed to validate item ${wrong + 1}: ${NO_ADDRESS}`
}

function failed(member: string): string {
  return `invalid configuration: property "${member}" validation failed: `
}

function isAddress(value: unknown): boolean {
  return thrownBy(() => CidrSet.from([String(value)])) === undefined
}
