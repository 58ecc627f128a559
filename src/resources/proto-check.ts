// Whether a text is a protobuf definition that can be used by itself: a `.proto` file, or a base64 descriptor set as protoc writes it.
import protobuf from 'protobufjs'
import { messageOf } from '../lib/message-of.ts'

/** What is wrong with it; undefined when it is right. */
export function checkProto(content: string): string | undefined {
  if (content.startsWith('$')) return undefined
  return isBase64(content) ? checkDescriptor(content) : checkSource(content)
}

function checkSource(content: string): string | undefined {
  try {
    const { imports } = protobuf.parse(content, { keepCase: true })
    const [missing] = (imports ?? []).filter((file) => !file.startsWith('google/protobuf/'))
    return missing === undefined ? undefined : `imports ${missing}: put every message into one definition`
  } catch (error) {
    return messageOf(error)
  }
}

/** A file descriptor set begins with field 1, length-delimited, and its length fits. */
function checkDescriptor(content: string): string | undefined {
  const reader = protobuf.Reader.create(Buffer.from(content, 'base64'))
  try {
    while (reader.pos < reader.len) {
      if (reader.uint32() !== 0x0a) return 'not a descriptor set: use protoc --include_imports --descriptor_set_out'
      reader.skip(reader.uint32())
    }
    return undefined
  } catch {
    return 'a descriptor set that ends early'
  }
}

function isBase64(content: string): boolean {
  return /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(content) && !/^\s*(syntax|message|package|import)\b/.test(content)
}
