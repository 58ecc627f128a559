// The picture as SVG: hosts and paths on the left, their plugins, the upstreams with their nodes on the right, arrows with rates between them.
import type { ReactNode, Ref } from 'react'
import type { Flow, Lane, Picture, PictureUpstream } from '../../../src/surfaces/console/picture.ts'
import { link } from '../route.ts'
import {
  type Arrow,
  LANE,
  LANE_HEIGHT,
  lineY,
  PLUGINS,
  type PlacedLane,
  type PlacedUpstream,
  toLayout,
  UPSTREAM,
  WIDTH,
} from './layout.ts'

interface Props {
  picture: Picture
  svg: Ref<SVGSVGElement>
  onOpen(lane: Lane): void
}

/** What fits into the shape of a lane's plugins. */
const MAX_PLUGIN_CHARS = 29
/** Above this share of 5xx an arrow is drawn as failing. */
const FAILING = 0.01

export function PictureDrawing({ picture, svg, onOpen }: Props): ReactNode {
  const { lanes, upstreams, arrows, height } = toLayout(picture)
  return (
    <svg ref={svg} className="picture" viewBox={`-2 -2 ${WIDTH + 4} ${height + 4}`}>
      <title>What is served</title>
      {arrows.map((one) => (
        <ArrowLine key={one.key} arrow={one} />
      ))}
      {lanes.map((one) => (
        <LaneBox key={`${one.lane.from} ${one.lane.to}`} placed={one} onOpen={onOpen} />
      ))}
      {upstreams.map((one) => (
        <UpstreamBox key={one.upstream.key} placed={one} />
      ))}
    </svg>
  )
}

function ArrowLine({ arrow: { from, to, flow } }: { arrow: Arrow }): ReactNode {
  const [start, end] = [PLUGINS.x + PLUGINS.width, UPSTREAM.x]
  const middle = (start + end) / 2
  return (
    <g className={`arrow ${moodOf(flow)}`}>
      <path
        d={`M${start} ${from}C${middle} ${from} ${middle} ${to} ${end - 7} ${to}`}
        strokeWidth={flow ? 1.5 + Math.min(4, Math.log10(1 + flow.per_second) * 1.6) : 1.5}
      />
      <path className="head" d={`M${end} ${to}l-8 -4.500v9z`} />
      {flow && flow.per_second > 0 && (
        <text x={start + 8} y={from - 5}>
          {tell(flow)}
        </text>
      )}
    </g>
  )
}

function LaneBox({ placed: { lane, y }, onOpen }: { placed: PlacedLane; onOpen(lane: Lane): void }): ReactNode {
  const single = lane.routes === 1
  const plugins = fit(lane.plugins, lane.morePlugins)
  const below = single
    ? [lane.methods.join(' '), lane.from].filter(Boolean).join(' · ')
    : `${lane.routes.toLocaleString()} routes`
  return (
    <g className={`lane ${lane.enabled ? '' : 'off'}`} transform={`translate(0 ${y})`}>
      <a
        href={single ? link('gateway', 'routes', lane.from) : link('gateway', 'picture', lane.from, lane.to)}
        aria-description={describe(lane)}
        onClick={() => !single && onOpen(lane)}
      >
        <rect x={LANE.x} width={LANE.width} height={LANE_HEIGHT} rx="8" />
        {!single && <rect className="stack" x={LANE.x + 5} y={LANE_HEIGHT} width={LANE.width - 10} height="4" rx="2" />}
        <text className="mono" x={LANE.x + 12} y="20">
          {cut(lane.label || '(any path)', 38)}
        </text>
        <text className="quiet" x={LANE.x + 12} y="37">
          {cut(`${below}${lane.enabled ? '' : ' · disabled'}`, 46)}
        </text>
      </a>
      <path className="join" d={`M${LANE.width} ${LANE_HEIGHT / 2}H${PLUGINS.x}`} />
      <rect className="plugins" x={PLUGINS.x} y="8" width={PLUGINS.width} height={LANE_HEIGHT - 16} rx="15" />
      <text x={PLUGINS.x + 14} y="28" className={plugins ? '' : 'quiet'}>
        {plugins || 'no plugins'}
      </text>
      {lane.arrows.length === 0 && (
        <text x={PLUGINS.x + PLUGINS.width + 10} y="28" className="quiet">
          answered here
        </text>
      )}
    </g>
  )
}

function UpstreamBox({ placed: { upstream, y, height } }: { placed: PlacedUpstream }): ReactNode {
  const { label, nodes, moreNodes, resource } = upstream
  const down = nodes.some((one) => one.up === false)
  const heading = label ? 1 : 0
  const box = (
    <>
      <rect x={UPSTREAM.x} width={UPSTREAM.width} height={height} rx="8" />
      {label && (
        <text className="strong" x={UPSTREAM.x + 12} y={lineY(0)}>
          {cut(label, 34)}
        </text>
      )}
      {nodes.map((one, i) => (
        <g key={one.address} className={one.up === undefined ? '' : one.up ? 'up' : 'down'}>
          <circle cx={UPSTREAM.x + 17} cy={lineY(i + heading) - 4} r="4" />
          <text className="mono" x={UPSTREAM.x + 29} y={lineY(i + heading)}>
            {cut(one.address, 26)}
            {one.up === false ? ' down' : ''}
          </text>
        </g>
      ))}
      {moreNodes > 0 && (
        <text className="quiet" x={UPSTREAM.x + 29} y={lineY(nodes.length + heading)}>
          and {moreNodes} more
        </text>
      )}
    </>
  )
  return (
    <g className={`upstream ${down ? 'ill' : ''}`} transform={`translate(0 ${y})`}>
      {resource ? (
        <a href={link('gateway', ...resource.split('/'))} aria-description={describeUpstream(upstream)}>
          {box}
        </a>
      ) : (
        box
      )}
    </g>
  )
}

function describe(lane: Lane): string {
  const what = lane.routes === 1 ? `route ${lane.from}, ${lane.label}` : `${lane.routes} routes, ${lane.label}`
  const plugins = lane.plugins.length ? `plugins ${lane.plugins.join(', ')}` : 'no plugins'
  return [what, plugins, lane.flow ? tell(lane.flow) : 'traffic not counted'].join('; ')
}

function describeUpstream({ label, nodes }: PictureUpstream): string {
  const told = nodes.map((one) => `${one.address}${one.up === undefined ? '' : one.up ? ' up' : ' down'}`)
  return `upstream ${[label, ...told].filter(Boolean).join(', ')}`
}

function tell({ per_second, errors }: Flow): string {
  const rate = per_second >= 100 ? Math.round(per_second).toLocaleString() : String(per_second)
  return `${rate}/s${errors > 0 ? ` · ${Math.round(errors * 1000) / 10} % 5xx` : ''}`
}

function moodOf(flow: Flow | undefined): string {
  if (!flow?.per_second) return 'idle'
  return flow.errors > FAILING ? 'failing' : 'busy'
}

/** As many names as the shape holds, and how many more there are. */
function fit(names: readonly string[], others: number): string {
  const shown = [...names]
  const text = (): string => {
    const more = names.length - shown.length + others
    return [...shown, ...(more ? [`+${more}`] : [])].join(', ')
  }
  while (shown.length > 1 && text().length > MAX_PLUGIN_CHARS) shown.pop()
  return cut(text(), MAX_PLUGIN_CHARS)
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text
}
