// What plugins share that ask a service over HTTP whether a request may pass: its address and the fields of the connection to it.
import Type from 'typebox'
import { isReference } from '../../lib/reference.ts'

/** Throws unless it is an http or https address, or a reference to one. */
export function checkAddress(field: string, address: string, example: string): void {
  const protocol = URL.parse(address)?.protocol
  if (!isReference(address) && protocol !== 'http:' && protocol !== 'https:')
    throw new Error(`property "${field}" must be an http or https address, such as ${example}`)
}

/** Fields of the connection to the service, which is called `name` in their descriptions. */
export function serviceFields(name: string) {
  return {
    ssl_verify: Type.Boolean({
      title: 'Check the certificate',
      description: `check the ${name}'s certificate`,
      default: true,
      examples: [false],
    }),
    timeout: Type.Integer({
      title: 'Timeout',
      description: 'milliseconds for the whole question',
      minimum: 1,
      maximum: 60000,
      default: 3000,
      examples: [1000],
    }),
    keepalive: Type.Boolean({
      title: 'Keep connections',
      description: `use connections to the ${name} again`,
      default: true,
      examples: [false],
    }),
    keepalive_timeout: Type.Integer({
      title: 'Idle time',
      description: 'milliseconds that an unused connection stays open',
      minimum: 1000,
      default: 60000,
      examples: [5000],
    }),
    keepalive_pool: Type.Integer({
      title: 'Idle connections',
      description: 'unused connections that stay open',
      minimum: 1,
      default: 5,
      examples: [20],
    }),
  }
}
