// Pieces that the sections of the settings share.
import Type, { type TProperties } from 'typebox'

export const section = <T extends TProperties>(description: string, properties: T, options: object = {}) =>
  Type.Object(properties, { description, additionalProperties: false, default: {}, ...options })

export const text = (description: string, options: object = {}) =>
  Type.String({ description, minLength: 1, ...options })

const address = (options: object = {}) =>
  Type.String({ description: 'an address', format: 'address', expected: 'host:port', ...options })

export const addressOrOff = (description: string, value: string) =>
  Type.String({ description, format: 'address-or-off', expected: 'host:port or off', default: value })

export const addresses = (description: string, value: string[]) =>
  Type.Array(address(), { description, default: value, maxItems: 64 })

export const networks = (description: string, value: string[]) =>
  Type.Array(Type.String({ format: 'network', expected: 'an address or network such as 10.0.0.0/8' }), {
    description,
    default: value,
    maxItems: 1024,
  })

export const count = (description: string, value: number, minimum = 1, maximum = 2 ** 31 - 1) =>
  Type.Integer({ description, default: value, minimum, maximum })

export const variableName = (what: string) =>
  Type.Optional(text(`name of the environment variable that holds ${what}`, { examples: ['MY_KEY'] }))

export const fileName = (what: string) =>
  Type.Optional(text(`file that holds ${what}`, { examples: ['/run/secrets/key'] }))

/** `needs`: files by name that go only with others. */
export const tlsFiles = (description: string, needs: Record<string, string[]> = {}) =>
  section(
    description,
    {
      cert_file: fileName('the certificate (PEM)'),
      key_file: fileName('its private key (PEM)'),
      ca_file: fileName('the authorities that the other side must be signed by (PEM)'),
    },
    { dependencies: { cert_file: ['key_file'], key_file: ['cert_file'], ...needs } },
  )

export const fixedPorts = (description: string) =>
  Type.Array(
    address({
      pattern: ':0*[1-9][0-9]*$',
      expected: 'host:port, the port not 0',
      examples: ['127.0.0.1:9100'],
    }),
    { description, default: [], maxItems: 64 },
  )
