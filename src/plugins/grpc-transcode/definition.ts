// A service's method out of a proto resource: a `.proto` file, or a descriptor set of protoc in base64.
import protobuf from 'protobufjs'
import 'protobufjs/ext/descriptor.js'

export interface Method {
  request: protobuf.Type
  response: protobuf.Type
  /** All messages of the definition. */
  root: protobuf.Root
}

/** Every definition of `content`. Throws what protobufjs says when it cannot be read. */
export function readDefinition(content: string): protobuf.Root {
  const root = isDescriptorSet(content) ? fromDescriptors(content) : fromSource(content)
  return root.resolveAll() as protobuf.Root
}

/** Throws when there is no such method, or when it streams, which JSON over HTTP cannot. */
export function findMethod(root: protobuf.Root, service: string, method: string): Method {
  const found = root.lookupService(service).methods[method]
  if (!found) throw new Error(`service ${service} has no method ${method}`)
  found.resolve()
  if (found.requestStream || found.responseStream)
    throw new Error(`method ${service}/${method} streams; only unary methods can be transcoded`)
  return {
    request: found.resolvedRequestType as protobuf.Type,
    response: found.resolvedResponseType as protobuf.Type,
    root,
  }
}

function isDescriptorSet(content: string): boolean {
  return !/[;{]/.test(content)
}

function fromDescriptors(content: string): protobuf.Root {
  return protobuf.Root.fromDescriptor(Buffer.from(content, 'base64'), { keepCase: true })
}

function fromSource(content: string): protobuf.Root {
  const root = new protobuf.Root()
  const { imports = [] } = protobuf.parse(content, root, { keepCase: true })
  for (const file of imports) {
    const known = protobuf.common.get(file)
    if (known?.nested) root.addJSON(known.nested)
  }
  return root
}
