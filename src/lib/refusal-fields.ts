// The schema fields of plugins that refuse whoever is not allowed, under APISIX's names and defaults.
import Type from 'typebox'

export const refusalFields = {
  rejected_code: Type.Integer({
    title: 'Status',
    description: 'status of a refusal',
    minimum: 200,
    default: 403,
    examples: [404],
  }),
  rejected_msg: Type.Optional(
    Type.String({ title: 'Message', description: 'message of a refusal', examples: ['not for you'] }),
  ),
}
