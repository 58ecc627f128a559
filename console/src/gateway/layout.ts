// Where lanes, plugins, upstreams and arrows stand in the picture. Lanes are rows; an upstream stands at the middle of the lanes that go to it, as far
// as there is room.
import type { Flow, Lane, Picture, PictureUpstream } from '../../../src/surfaces/console/picture.ts'

export const WIDTH = 1040
export const LANE_HEIGHT = 46
export const LANE = { x: 0, width: 330 }
export const PLUGINS = { x: 370, width: 250 }
export const UPSTREAM = { x: 760, width: 280 }
const GAP = 10
const NODE_HEIGHT = 19

export interface PlacedLane {
  lane: Lane
  y: number
}

export interface PlacedUpstream {
  upstream: PictureUpstream
  y: number
  height: number
}

export interface Arrow {
  key: string
  from: number
  to: number
  flow: Flow | undefined
}

export interface Layout {
  lanes: PlacedLane[]
  upstreams: PlacedUpstream[]
  /** The busiest last, so that it is drawn above the others. */
  arrows: Arrow[]
  height: number
}

export function toLayout({ lanes, upstreams }: Picture): Layout {
  const rows = lanes.map((lane, i) => ({ lane, y: i * (LANE_HEIGHT + GAP) }))
  const boxes = placeUpstreams(upstreams, rows)
  const middles = new Map(boxes.map((one) => [one.upstream.key, one.y + one.height / 2]))
  const arrows = rows.flatMap(({ lane, y }) =>
    lane.arrows.flatMap(({ upstream, flow }) => {
      const to = middles.get(upstream)
      return to === undefined ? [] : [{ key: `${lane.from} ${upstream}`, from: y + LANE_HEIGHT / 2, to, flow }]
    }),
  )
  arrows.sort((a, b) => (a.flow?.per_second ?? 0) - (b.flow?.per_second ?? 0))
  const last = boxes.at(-1)
  return {
    lanes: rows,
    upstreams: boxes,
    arrows,
    height: Math.max(rows.length * (LANE_HEIGHT + GAP), last ? last.y + last.height : 0, LANE_HEIGHT),
  }
}

function placeUpstreams(upstreams: PictureUpstream[], rows: PlacedLane[]): PlacedUpstream[] {
  const wanted = upstreams.map((upstream) => {
    const sources = rows.filter(({ lane }) => lane.arrows.some((one) => one.upstream === upstream.key))
    const middle = sources.reduce((sum, one) => sum + one.y, 0) / Math.max(1, sources.length) + LANE_HEIGHT / 2
    const lines = (upstream.label ? 1 : 0) + upstream.nodes.length + (upstream.moreNodes ? 1 : 0)
    return { upstream, middle, height: Math.max(1, lines) * NODE_HEIGHT + 14 }
  })
  wanted.sort((a, b) => a.middle - b.middle)
  let free = 0
  return wanted.map(({ upstream, middle, height }) => {
    const y = Math.max(free, middle - height / 2)
    free = y + height + GAP
    return { upstream, y, height }
  })
}

/** The lines of a box stand this far apart, the first one below its edge. */
export function lineY(line: number): number {
  return 21 + line * NODE_HEIGHT
}
