// What may stand in a header field (RFC 9110 5.1, 5.5): checked where a configuration is written, so that no request has to fail by it.

/** A name is a token. */
export const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** What a value cannot hold: it would end the field. */
export const FIELD_END = /[\0\r\n]/

/** Throws when one of the fields of `property` could not be sent; values may hold variables. */
export function checkFields(property: string, fields: object | undefined): void {
  for (const [name, value] of Object.entries(fields ?? {})) {
    checkName(property, name)
    for (const one of [value].flat())
      if (FIELD_END.test(String(one)))
        throw new Error(`property "${property}" has a value for ${name} with CR, LF or NUL: a header holds one line`)
  }
}

/** Throws when `name` is no name of a header. */
export function checkName(property: string, name: string | undefined): void {
  if (name !== undefined && !FIELD_NAME.test(name))
    throw new Error(`property "${property}" is not the name of a header: ${JSON.stringify(name)}`)
}

/** A text as the wire writes it, one character for each byte of its UTF-8: a character beyond a byte would be cut down to another one, to a line end too. */
export function toBytes(text: string): string {
  return /[^\0-\x7f]/.test(text) ? Buffer.from(text).toString('latin1') : text
}

/** Bytes for the value of a header: what would end it is percent-encoded, as OpenResty does. */
export function toFieldValue(bytes: string): string {
  return FIELD_END.test(bytes) ? bytes.replace(/[\0\r\n]/g, encodeURIComponent) : bytes
}

/** nginx's name for a request's header: `http_x_user` of `X-User`. */
export function headerVariable(header: string): string {
  return `http_${header.toLowerCase().replaceAll('-', '_')}`
}
