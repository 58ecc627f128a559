// Bodies as the values of templates. Every decoder throws a DecodeError that says what is wrong with the body.
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { readJson } from '../../lib/parse-json.ts'
import { queryFields, valuesByName } from '../../lib/query.ts'

export type Format = 'xml' | 'json' | 'encoded' | 'args' | 'plain' | 'multipart'
export type Values = Record<string, unknown>

export class DecodeError extends Error {}

/** What is read of XML, a microsecond for three characters and ten for a tag: more would hold up everybody else on the thread. */
const MAX_XML_CHARS = 4 * 1024 * 1024
const MAX_XML_TAGS = 200_000

/** Arguments that are read at most, as nginx does it. */
const MAX_ARGUMENTS = 100

const xml = new XMLParser({
  ignoreAttributes: false,
  attributesGroupName: '_attr',
  attributeNamePrefix: '',
  textNodeName: '1',
  removeNSPrefix: true,
  parseTagValue: false,
  parseAttributeValue: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
})

/** The format that belongs to a Content-Type; undefined: none that is known. */
export function formatOf(type: string | undefined): Format | undefined {
  if (type === undefined) return undefined
  const lower = type.toLowerCase()
  if (lower.includes('text/xml')) return 'xml'
  if (lower.includes('application/json')) return 'json'
  if (lower.includes('application/x-www-form-urlencoded')) return 'encoded'
  return lower.includes('multipart/') ? 'multipart' : undefined
}

/** XML: an element is its text, or an object of its children (a list where one repeats) with `_attr`, and its text as item 1. */
export function fromXml(body: string): Values {
  // Entities of its own are how a small document becomes a large one.
  if (/<!DOCTYPE/i.test(body)) throw new DecodeError('XML with a document type is not read')
  if (body.length > MAX_XML_CHARS || countTags(body) > MAX_XML_TAGS)
    throw new DecodeError(`XML of more than ${MAX_XML_CHARS} characters or ${MAX_XML_TAGS} tags is not read`)
  const valid = XMLValidator.validate(body)
  if (valid !== true) throw new DecodeError(`no XML: ${valid.err.msg} (line ${valid.err.line})`)
  try {
    return xml.parse(body) as Values
  } catch (error) {
    // What is valid may still be nested deeper than the parser goes.
    throw new DecodeError(`XML that cannot be read: ${(error as Error).message}`)
  }
}

function countTags(text: string): number {
  let count = 0
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) count++
  return count
}

export function fromJson(body: string): Values {
  let value: unknown
  try {
    value = readJson(body)
  } catch (error) {
    throw new DecodeError(`no JSON: ${(error as Error).message}`)
  }
  if (typeof value !== 'object' || value === null) throw new DecodeError('JSON that is neither an object nor a list')
  return value as Values
}

/** A form or a query: a repeated name gives a list, one without `=` is true. */
export function fromForm(body: string): Values {
  return valuesByName(queryFields(body, MAX_ARGUMENTS), true)
}
