// Where requests go, and certificates: timeouts, health checks, addresses that no API has.
import { endOfCertificate } from '../certificate.ts'
import { nodesOf, type UpstreamPlace } from '../inventory.ts'
import type { WishedChange } from '../plan.ts'
import type { Found, Rule } from './contract.ts'

const noTimeout: Rule = {
  name: 'no-timeout',
  severity: 'medium',
  find: ({ inventory }) =>
    inventory.upstreams().flatMap((place): Found[] => {
      const owner = place.kind === 'upstreams' ? undefined : inventory.get(place.kind, place.id)
      if (place.upstream.timeout || owner?.timeout) return []
      const users = place.kind === 'routes' ? [] : inventory.routesTo(place)
      if (users.length && users.every((one) => one.value.timeout)) return []
      return [
        {
          resource: `${place.kind}/${place.id}`,
          problem: 'waits 60 s for an API that hangs: no timeout is set',
          advice: 'set timeouts that fit the API',
          fix: onUpstream(place, { timeout: { connect: 5, send: 30, read: 30 } }),
        },
      ]
    }),
}

const noHealthCheck: Rule = {
  name: 'no-health-check',
  severity: 'low',
  find: ({ inventory }) =>
    inventory.upstreams().flatMap((place): Found[] => {
      const nodes = nodesOf(place.upstream).filter((one) => one.weight > 0)
      if (!nodes.length || place.upstream.checks) return []
      const alone = nodes.length === 1
      return [
        {
          resource: `${place.kind}/${place.id}`,
          severity: alone ? 'low' : 'medium',
          problem: alone
            ? 'has one node without a health check: nobody notices when it is away'
            : `has ${nodes.length} nodes without a health check: a dead one still gets its share of the requests`,
          advice: 'check that the nodes accept connections',
          fix: onUpstream(place, { checks: TCP_CHECK }),
        },
      ]
    }),
}

/** By connection, since nobody knows a path that every API answers. */
const TCP_CHECK = {
  active: {
    type: 'tcp',
    timeout: 2,
    healthy: { interval: 5, successes: 1 },
    unhealthy: { interval: 5, tcp_failures: 2, timeouts: 2 },
  },
}

const metadataAddress: Rule = {
  name: 'metadata-address',
  severity: 'high',
  find: ({ inventory }) =>
    inventory.upstreams().flatMap((place): Found[] => {
      const found = nodesOf(place.upstream).find((one) =>
        /^169\.254\.|^\[?fd00:ec2::|^metadata\.google/.test(one.address),
      )
      if (!found) return []
      return [
        {
          resource: `${place.kind}/${place.id}`,
          problem: `passes requests on to ${found.address}, where a cloud keeps the credentials of its machines`,
          advice: 'delete the route, and look who made it',
        },
      ]
    }),
}

const STREAM_SCHEMES: unknown[] = ['tcp', 'tls', 'udp']

const notHttp: Rule = {
  name: 'not-http',
  severity: 'medium',
  find: ({ inventory }) =>
    inventory.list('routes').flatMap(({ id, value }): Found[] => {
      const place = inventory.upstreamOf(id, value)
      const rewrite = inventory.pluginsOf(value)['proxy-rewrite']
      if (!STREAM_SCHEMES.includes(place?.upstream.scheme) || rewrite?.scheme !== undefined) return []
      return [
        {
          resource: `routes/${id}`,
          problem: `goes to ${place?.kind}/${place?.id}, whose scheme is ${place?.upstream.scheme}: its requests are answered with 500`,
          advice: 'set the scheme to http or https, or make a stream route of it',
        },
      ]
    }),
}

const DAY_MS = 24 * 60 * 60 * 1000
const SOON_DAYS = 30

const certificates: Rule = {
  name: 'certificate',
  severity: 'medium',
  find: ({ inventory, now }) =>
    inventory.list('ssls').flatMap(({ id, value }): Found[] => {
      if (value.status === 0 || typeof value.cert !== 'string') return []
      const ends = endOfCertificate(value.cert)
      if (ends === undefined)
        return [
          { resource: `ssls/${id}`, problem: 'its certificate cannot be read', advice: 'store a certificate in PEM' },
        ]
      const days = Math.floor((ends - now) / DAY_MS)
      if (days >= SOON_DAYS) return []
      return [
        {
          resource: `ssls/${id}`,
          severity: days < 7 ? 'high' : 'medium',
          problem: days < 0 ? `its certificate ended ${-days} days ago` : `its certificate ends in ${days} days`,
          advice: 'store a new certificate and key; a person does it, keys are no business of a model',
        },
      ]
    }),
}

function onUpstream(place: UpstreamPlace, members: Record<string, unknown>): WishedChange[] {
  return [{ action: 'change', kind: place.kind, id: place.id, set: place.patch(members) }]
}

export const upstreamRules: readonly Rule[] = [metadataAddress, certificates, notHttp, noTimeout, noHealthCheck]
