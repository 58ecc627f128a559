// The configuration of grpc-transcode.
import Type from 'typebox'

const PB_OPTIONS = [
  ['enum_as_name', 'enum_as_value'],
  ['int64_as_number', 'int64_as_string', 'int64_as_hexstring'],
  ['auto_default_values', 'no_default_values', 'use_default_values', 'use_default_metatable'],
  ['enable_hooks', 'disable_hooks'],
]

const name = (title: string, description: string, example: string) =>
  Type.String({ title, description, examples: [example] })

export const schema = Type.Object({
  proto_id: Type.Unsafe<string | number>({
    anyOf: [
      { type: 'string', minLength: 1, maxLength: 64, pattern: '^[a-zA-Z0-9-_.]+$' },
      { type: 'integer', minimum: 1 },
    ],
    title: 'Proto',
    description: 'id of the proto resource that has the service',
    examples: ['1'],
  }),
  service: name('Service', 'the service with its package', 'helloworld.Greeter'),
  method: name('Method', 'a method of the service that does not stream', 'SayHello'),
  deadline: Type.Number({
    title: 'Deadline',
    description: 'milliseconds that the service is told it has; 0: no limit',
    default: 0,
    examples: [1000],
  }),
  pb_option: Type.Array(
    Type.Unsafe<string>({ type: 'string', anyOf: PB_OPTIONS.map((values) => ({ type: 'string', enum: values })) }),
    {
      title: 'Form of the JSON',
      description:
        'enumerations by name or value; large integers as numbers or as text; which absent fields are shown; hooks are Lua and change nothing here',
      minItems: 1,
      default: ['enum_as_name', 'int64_as_number', 'auto_default_values', 'disable_hooks'],
      examples: [['int64_as_string', 'no_default_values']],
    },
  ),
  show_status_in_body: Type.Boolean({
    title: 'Status in the body',
    description: 'whether grpc-status-details-bin of a failure is decoded into the body',
    default: false,
    examples: [true],
  }),
  status_detail_type: Type.Optional(
    name('Type of details', 'the message of the proto that the details of a failure are', 'helloworld.ErrorDetail'),
  ),
})
