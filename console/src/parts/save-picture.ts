// Saves what is drawn on the page as a PNG file: an SVG with the colours that it has now, or a canvas as it is.

/** A drawing twice as fine as the screen's pixels is still sharp in a document. */
const SCALE = 2
const PROPERTIES = [
  'fill',
  'stroke',
  'stroke-width',
  'paint-order',
  'opacity',
  'font-size',
  'font-family',
  'font-weight',
  'text-anchor',
]

export async function saveSvg(svg: SVGSVGElement, name: string): Promise<void> {
  const { width, height } = svg.getBoundingClientRect()
  const copy = svg.cloneNode(true) as SVGSVGElement
  copy.setAttribute('width', `${width}`)
  copy.setAttribute('height', `${height}`)
  const drawn = svg.querySelectorAll('*')
  // As attributes: the page's style sheet does not reach into an image.
  copy.querySelectorAll('*').forEach((one, i) => {
    const style = getComputedStyle(drawn[i] as Element)
    for (const property of PROPERTIES) one.setAttribute(property, style.getPropertyValue(property))
    one.removeAttribute('class')
  })
  const image = new Image()
  image.src = `data:image/svg+xml,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`
  await image.decode()
  await savePng(width, height, name, (paper) => paper.drawImage(image, 0, 0, width, height))
}

export async function saveCanvas(canvas: HTMLCanvasElement, name: string): Promise<void> {
  const { width, height } = canvas.getBoundingClientRect()
  await savePng(width, height, name, (paper) => paper.drawImage(canvas, 0, 0, width, height))
}

async function savePng(
  width: number,
  height: number,
  name: string,
  draw: (paper: CanvasRenderingContext2D) => void,
): Promise<void> {
  const canvas = document.createElement('canvas')
  canvas.width = Math.ceil(width * SCALE)
  canvas.height = Math.ceil(height * SCALE)
  const paper = canvas.getContext('2d')
  if (!paper) throw new Error('this browser draws no pictures')
  paper.scale(SCALE, SCALE)
  paper.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--surface')
  paper.fillRect(0, 0, width, height)
  draw(paper)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve))
  if (!blob) throw new Error('this browser makes no picture of it')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = `${name}.png`
  link.click()
  URL.revokeObjectURL(link.href)
}
