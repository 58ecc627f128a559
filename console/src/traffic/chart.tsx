// A chart over time, drawn by uPlot in the colours of the page; a description says the same in words.
import { type ReactNode, useEffect, useRef } from 'react'
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

const HEIGHT_PX = 220

export function Chart({ title, unit, times, lines, saved = true }: Props): ReactNode {
  const theme = useShownTheme()
  const box = useRef<HTMLDivElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    const one = box.current
    if (!one) return
    const style = getComputedStyle(document.documentElement)
    const color = (name: string): string => style.getPropertyValue(name)
    const axis = { stroke: color('--quiet'), grid: { stroke: color('--edge'), width: 1 }, ticks: { show: false } }
    const plot = new uPlot(
      {
        width: one.clientWidth,
        height: HEIGHT_PX,
        axes: [axis, { ...axis, size: 56, values: (_, ticks) => ticks.map((tick) => `${tick}${unit}`) }],
        scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: color(line.color),
            width: 2,
            points: { show: times.length < 3 },
          })),
        ],
      },
      [times, ...lines.map((line) => line.values)],
      one,
    )
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
  const last = lines.map((line) => `${line.label} ${line.values.at(-1) ?? 0}${unit}`).join(', ')
  return (
    <figure className="card chart">
      <figcaption>
        <strong>{title}</strong> <span className="on">now {last}</span>
        {saved && (
          <button type="button" className="small end" aria-label={`Save ${title} as picture`} onClick={save}>
            Save
          </button>
        )}
      </figcaption>
      <div ref={box} role="img" aria-label={`${title} over time; now ${last}`} />
    </figure>
  )
}
