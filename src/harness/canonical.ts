/** One text for one value: what hashes and comparisons of plans and payloads are made of. */
import { createHash } from 'node:crypto'

/** JSON without white space and with sorted keys; integers of any size keep their digits; `undefined` is left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (Array.isArray(value)) return `[${value.map(item => canonicalJson(item ?? null)).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** SHA-256 in hex. */
export function sha256Hex(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** JSON for people and diffs: indented, but lists of plain values on one line. */
export function readableJson(value: unknown, indent = ''): string {
  const deeper = `${indent} `
  const isBranch = (item: unknown) => typeof item === 'object' && item !== null
  if (Array.isArray(value)) {
    if (!value.some(isBranch)) return JSON.stringify(value)
    return `[\n${value.map(item => deeper + readableJson(item ?? null, deeper)).join(',\n')}\n${indent}]`
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  if (entries.length === 0) return '{}'
  const lines = entries.map(([key, item]) => `${deeper}${JSON.stringify(key)}: ${readableJson(item, deeper)}`)
  return `{\n${lines.join(',\n')}\n${indent}}`
}
