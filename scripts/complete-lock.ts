// Completes package-lock.json after `npm install`. npm writes only those optional packages of other platforms into the lock that its registry
// serves; with a mirror that lacks some, `npm ci` then refuses the lock on every machine. This adds them with the version that their parent
// asks for and the platform that their name tells; npm skips them elsewhere. `node scripts/complete-lock.ts`
import { readFileSync, writeFileSync } from 'node:fs'

interface LockedPackage {
  version?: string
  optional?: boolean
  dev?: boolean
  cpu?: string[]
  os?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

const OS = ['android', 'darwin', 'freebsd', 'linux', 'win32', 'openharmony', 'netbsd', 'openbsd', 'sunos', 'aix']
const CPU = ['arm64', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32']

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockedPackage> }

for (const [place, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] || lock.packages[`${place}/${key}`]) continue
    const platform = platformOf(name)
    if (!platform) continue
    lock.packages[key] = { version, ...platform, ...(parent.dev ? { dev: true } : {}), optional: true }
    console.log(`added ${name}@${version}`)
  }
}
const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`)

/** os, cpu and libc from a name such as `@x/binding-linux-arm64-musl`; undefined for a package of no platform. */
function platformOf(name: string): Pick<LockedPackage, 'cpu' | 'os' | 'libc'> | undefined {
  const parts = name.split(/[/-]/)
  const os = OS.find((one) => parts.includes(one))
  const cpu = CPU.find((one) => parts.includes(one)) ?? (parts.includes('arm') ? 'arm' : undefined)
  if (!os || !cpu) return undefined
  const libc =
    os !== 'linux'
      ? undefined
      : parts.some((part) => part.startsWith('musl'))
        ? 'musl'
        : parts.some((part) => part.startsWith('gnu'))
          ? 'glibc'
          : undefined
  return { cpu: [cpu], os: [os], ...(libc ? { libc: [libc] } : {}) }
}
