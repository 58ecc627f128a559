// Draws assets/logo.png: a gate, two posts and an arch with a way through, 512 x 512 with a transparent background. `node scripts/logo.ts`.
import { writeFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'

const SIZE = 512
const pixels = Buffer.alloc((SIZE * 4 + 1) * SIZE)

for (let y = 0; y < SIZE; y++) {
  for (let x = 0; x < SIZE; x++) {
    const [red, green, blue, alpha] = colourAt(x, y)
    pixels.set([red, green, blue, alpha], y * (SIZE * 4 + 1) + 1 + x * 4)
  }
}

function colourAt(x: number, y: number): [number, number, number, number] {
  const outer = Math.hypot(x - 256, y - 236) <= 190 || (Math.abs(x - 256) <= 190 && y >= 236 && y <= 456)
  const inner = Math.hypot(x - 256, y - 246) <= 118 || (Math.abs(x - 256) <= 118 && y >= 246 && y <= 456)
  if (outer && !inner) return [24, 76, 140, 255]
  const arrow =
    (Math.abs(y - 330) <= 16 && x >= 180 && x <= 300) || (x >= 290 && x <= 345 && Math.abs(y - 330) <= 345 - x)
  return inner && arrow ? [232, 119, 34, 255] : [0, 0, 0, 0]
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(data.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

const header = Buffer.alloc(13)
header.writeUInt32BE(SIZE, 0)
header.writeUInt32BE(SIZE, 4)
header.set([8, 6, 0, 0, 0], 8)
const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
const png = Buffer.concat([
  signature,
  chunk('IHDR', header),
  chunk('IDAT', deflateSync(pixels, { level: 9 })),
  chunk('IEND', Buffer.alloc(0)),
])
writeFileSync(new URL('../assets/logo.png', import.meta.url), png)
