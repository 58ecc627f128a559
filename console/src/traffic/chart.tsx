// A chart over time, drawn by uPlot in the colours of the page; a description says the same in words.
import { type ReactNode, useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { saveCanvas } from '../parts/save-picture.ts'
import { useShownTheme } from '../theme.ts'

export interface Line {
  label: string
  /** Name of a custom property that holds the colour. */
  color: string
  values: (number | null)[]
}

interface Props {
  title: string
  unit: string
  /** Seconds since 1970. */
  times: number[]
  lines: Line[]
  /** With a button that saves it as a picture. */
  saved?: boolean
}

const HEIGHT_PX = 200

export function Chart({ title, unit, times, lines, saved = true }: Props): ReactNode {
  const theme = useShownTheme()
  const box = useRef<HTMLDivElement>(null)
  /** The point below the pointer. */
  const [pointed, setPointed] = useState<number>()
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    const one = box.current
    if (!one) return
    const hooks = { setCursor: [({ cursor }: uPlot) => setPointed(cursor.idx ?? undefined)] }
    const size = { width: one.clientWidth, height: HEIGHT_PX }
    const plot = new uPlot({ ...look(lines, unit), ...size, hooks }, [times, ...lines.map((line) => line.values)], one)
    const resize = new ResizeObserver(() => plot.setSize({ width: one.clientWidth, height: HEIGHT_PX }))
    resize.observe(one)
    return () => {
      resize.disconnect()
      plot.destroy()
    }
  }, [times, lines, unit, theme])
  const save = (): void => {
    const canvas = box.current?.querySelector('canvas')
    if (canvas) void saveCanvas(canvas, title.toLowerCase().replaceAll(' ', '-'))
  }
  const at = pointed !== undefined && pointed < times.length ? pointed : undefined
  const tell = (line: Line, index: number): string => `${line.values.at(index) ?? '–'}${unit}`
  const now = lines.map((line) => `${line.label} ${tell(line, -1)}`).join(', ')
  return (
    <figure className="card chart">
      <figcaption>
        <strong>{title}</strong>
        <span className="on">
          {at === undefined ? 'now' : new Date((times[at] ?? 0) * 1000).toLocaleString([], CLOCK)}
        </span>
        {saved && (
          <button type="button" className="small end" aria-label={`Save ${title} as picture`} onClick={save}>
            Save
          </button>
        )}
      </figcaption>
      <ul className="legend" aria-hidden="true">
        {lines.map((line) => (
          <li key={line.label} className={line.color.slice(2)}>
            {line.label} <b>{tell(line, at ?? -1)}</b>
          </li>
        ))}
      </ul>
      <div ref={box} role="img" aria-label={`${title} over time; now ${now}`} />
    </figure>
  )
}

const FONT = '12px system-ui, sans-serif'
const CLOCK = {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
} as const

/** How lines are drawn, in the colours of the page as it is now. */
function look(lines: Line[], unit: string): Omit<uPlot.Options, 'width' | 'height'> {
  const style = getComputedStyle(document.documentElement)
  const color = (name: string): string => style.getPropertyValue(name)
  const axis = {
    font: FONT,
    stroke: color('--quiet'),
    grid: { stroke: color('--edge'), width: 1 },
    ticks: { show: false },
  }
  return {
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    axes: [
      { ...axis, size: 30, space: 72, values: toClock },
      { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => `${tick}${unit}`) },
    ],
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: color(line.color),
        width: 2,
        points: { show: true, size: 5, filter: () => alone(line.values) },
      })),
    ],
  }
}

/** Values that no line leads to or from: only a point shows them. */
function alone(values: Line['values']): number[] {
  const none = (one: number | null | undefined): boolean => one === null || one === undefined
  return values.flatMap((one, i) => (!none(one) && none(values[i - 1]) && none(values[i + 1]) ? [i] : []))
}

/** Marks of the time axis: days, minutes or seconds, as far apart as they are. */
function toClock(_: uPlot, times: number[], __: number, ___: number, apart: number): string[] {
  const form: Intl.DateTimeFormatOptions =
    apart >= 86_400
      ? { day: 'numeric', month: 'short' }
      : { hour: '2-digit', minute: '2-digit', ...(apart < 60 ? { second: '2-digit' } : {}), hour12: false }
  return times.map((one) => new Date(one * 1000).toLocaleString([], form))
}
