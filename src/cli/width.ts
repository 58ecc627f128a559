// How much room text takes in a terminal, and how it is made to fit: cut with an ellipsis (cells of tables) or wrapped (what a person approves must
// be seen whole). East Asian characters and emoji take two columns, combining marks none. Text comes in without colours; they are added after.
const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' })
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u
const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u

/** Columns that a text without line breaks takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const { segment } of GRAPHEMES.segment(text)) width += widthOfOne(segment)
  return width
}

/** The text in at most `columns`, with an ellipsis where it was cut. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text
  return columns < 1 ? '' : `${head(text, columns - 1)}…`
}

/** `text` filled with spaces to `columns`. */
export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)))
}

/**
 * One line as lines of at most `columns`; what follows the first is indented by `hanging`: as the first, and two more. Breaks at spaces where it
 * can, else behind a comma, as JSON has them.
 */
export function wrap(line: string, columns: number, hanging = indentOf(line) + 2): string[] {
  const indent = ' '.repeat(Math.min(hanging, Math.floor(columns / 2)))
  const lines: string[] = []
  let rest = line
  while (widthOf(rest) > columns) {
    const fits = head(rest, columns) || rest.slice(0, 1)
    const first = fits.slice(0, breakIn(fits, indent.length))
    lines.push(first.trimEnd())
    rest = indent + rest.slice(first.length).trimStart()
  }
  return [...lines, rest]
}

function indentOf(line: string): number {
  return /^ */.exec(line)?.[0].length ?? 0
}

/** Where a line that is full ends: what stands before is more than its indentation. */
function breakIn(fits: string, indent: number): number {
  const space = fits.lastIndexOf(' ')
  if (space > indent && fits.slice(0, space).trim()) return space
  const comma = fits.lastIndexOf(',') + 1
  return comma > Math.max(indent, indentOf(fits)) + 1 ? comma : fits.length
}

/** As many whole characters as fit. */
function head(text: string, columns: number): string {
  let taken = ''
  let width = 0
  for (const { segment } of GRAPHEMES.segment(text)) {
    width += widthOfOne(segment)
    if (width > columns) break
    taken += segment
  }
  return taken
}

function widthOfOne(segment: string): number {
  return NO_WIDTH.test(segment) ? 0 : WIDE.test(segment) ? 2 : 1
}
