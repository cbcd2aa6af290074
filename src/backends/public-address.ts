/** Fetches from addresses that others chose: never from a private one, whatever a name resolves to, and without redirects. */
import { lookup } from 'node:dns'
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { BackendError } from '../errors.js'

const PRIVATE = new BlockList()
/** RFC 6890 and its successors: what is not globally reachable. */
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6')
}

/** Whether an IP address is one that anybody on the internet can reach. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  const mapped = mappedIpv4(address)
  if (mapped !== undefined) return isPublicAddress(mapped)
  return !PRIVATE.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

/** The IPv4 address inside `::ffff:127.0.0.1` or `::ffff:7f00:1`. */
function mappedIpv4(address: string): string | undefined {
  if (isIP(address) !== 6) return undefined
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [, high, low] = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/iu.exec(text) ?? []
  if (high === undefined || low === undefined) return undefined
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)]
  return [a >> 8, a & 255, b >> 8, b & 255].join('.')
}

export interface PublicFetchOptions {
  /** An origin that the user named himself: it may be private. */
  trustedOrigin?: string
  /** @default 30000 */
  timeoutMs?: number
  /** @default 64 MiB */
  maxBytes?: number
  signal?: AbortSignal
}

/** @throws BackendError where the address is private, does not answer, redirects, or answers with too much */
export function fetchPublic(url: URL, options: PublicFetchOptions = {}): Promise<Uint8Array> {
  const { trustedOrigin, timeoutMs = 30_000, maxBytes = 64 * 2 ** 20, signal } = options
  const place = `${url.origin}${url.pathname}`
  const trusted = url.origin === trustedOrigin
  const host = url.hostname.replace(/^\[|\]$/gu, '')
  const refused = (address: string) =>
    new BackendError(`${place} is at the private address ${address}, which is never fetched`, {
      hint: 'pictures come from the internet, or inside the payload',
    })
  if (url.protocol !== 'https:' && !(url.protocol === 'http:')) {
    return Promise.reject(new BackendError(`${place} is no http or https address`))
  }
  if (!trusted && isIP(host) !== 0 && !isPublicAddress(host)) return Promise.reject(refused(host))

  // Checked when the connection is made: a name may resolve differently the next time.
  const checked: LookupFunction = (name, lookupOptions, callback) =>
    lookup(name, { ...lookupOptions, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const bad = addresses.find(({ address }) => !isPublicAddress(address))
      if (bad !== undefined && !trusted) return callback(refused(bad.address), [])
      const [first] = addresses
      if (lookupOptions.all) callback(null, addresses)
      else if (first === undefined) callback(new BackendError(`${place} has no address`), [])
      else callback(null, first.address, first.family)
    })

  return new Promise((resolve, reject) => {
    const late = AbortSignal.timeout(timeoutMs)
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
      url,
      { lookup: checked, signal: signal === undefined ? late : AbortSignal.any([late, signal]) },
      response => {
        const { statusCode = 0 } = response
        if (statusCode !== 200) {
          response.resume()
          const what =
            statusCode >= 300 && statusCode < 400
              ? 'redirects, which is not followed'
              : `answered with status ${statusCode}`
          reject(new BackendError(`${place} ${what}`))
          return
        }
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > maxBytes) request.destroy(new BackendError(`${place} sent more than ${maxBytes} bytes`))
          else chunks.push(chunk)
        })
        response.on('end', () => resolve(new Uint8Array(Buffer.concat(chunks))))
        response.on('error', reject)
      },
    )
    request.on('error', cause => {
      if (cause instanceof BackendError) return reject(cause)
      const why = late.aborted
        ? `did not answer within ${Math.round(timeoutMs / 1000)} s`
        : `cannot be reached: ${'code' in cause ? String(cause.code) : cause.message}`
      reject(new BackendError(`${place} ${why}`, { cause }))
    })
    request.end()
  })
}
