// The few icons of the console, drawn with lines in the colour of the text.
import type { ReactNode } from 'react'

const PATHS = {
  chat: 'M4 5h16v11H9l-5 4z',
  gateway: 'M3 12h5m8-6h5m-5 12h5M8 12h3a3 3 0 0 0 3-3 3 3 0 0 1 3-3M11 12a3 3 0 0 1 3 3 3 3 0 0 0 3 3',
  traffic: 'M3 17l5-6 4 4 4-8 5 6',
  history: 'M4 12a8 8 0 1 0 3-6.2M4 4v4h4M12 8v4l3 2',
  targets:
    'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8.500a3.500 3.500 0 1 0 0 7 3.500 3.500 0 0 0 0-7zM12 2v3m0 14v3M2 12h3m14 0h3',
  settings: 'M4 7h9m4 0h3M15 4.500v5M4 12h3m4 0h9M9 9.500v5M4 17h11m4 0h1M17 14.500v5',
  plus: 'M12 5v14M5 12h14',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  check: 'M5 13l4 4L19 7',
  cross: 'M6 6l12 12M18 6L6 18',
  warn: 'M12 4l9 16H3zM12 10v4m0 3v.1',
  key: 'M14 10a4 4 0 1 0-3.2 3.9L13 16h2v2h2v2h3v-3l-5.200-5.200A4 4 0 0 0 14 10z',
  undo: 'M9 7L5 11l4 4M5 11h9a5 5 0 0 1 0 10h-3',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2m0 16v2M2 12h2m16 0h2M5 5l1.400 1.400M17.600 17.600L19 19M5 19l1.400-1.400M17.600 6.400L19 5',
  moon: 'M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10z',
  edit: 'M5 19l1-4L16 5l3 3L9 18z',
  bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  menu: 'M4 7h16M4 12h16M4 17h16',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 18 }: { name: IconName; size?: number }): ReactNode {
  return (
    <svg
      className="icon"
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  )
}
