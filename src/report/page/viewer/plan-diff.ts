/** What is different between two plans, as lines to be read: lists are compared from both ends, so that one more word in a
 * prompt is one line and not seventy. */

export interface Change {
  /** E.g. `passes[0].sigmas[3–5]`. */
  path: string
  was: string
  is: string
}

/** Sigma tables may differ this much, relatively (`harness/gates/plan.ts`). */
const TOLERANCE = 1e-6

/** Members shown of a list's changed part. */
const SHOWN = 12

export function planChanges(was: unknown, is: unknown, path = ''): Change[] {
  if (same(was, is)) return []
  if (Array.isArray(was) && Array.isArray(is)) return listChanges(was, is, path)
  if (isObject(was) && isObject(is)) {
    const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
    return names.flatMap(name => planChanges(was[name], is[name], path === '' ? name : `${path}.${name}`))
  }
  return [{ path: path || 'plan', was: show(was), is: show(is) }]
}

function listChanges(was: readonly unknown[], is: readonly unknown[], path: string): Change[] {
  if (was.length === is.length && [...was, ...is].every(isStructured)) {
    return was.flatMap((item, index) => planChanges(item, is[index], `${path}[${index}]`))
  }
  const shorter = Math.min(was.length, is.length)
  let start = 0
  while (start < shorter && same(was[start], is[start])) start++
  let end = 0
  while (end < shorter - start && same(was.at(-1 - end), is.at(-1 - end))) end++
  const last = Math.max(was.length, is.length) - end - 1
  const where = last <= start ? `${start}` : `${start}–${last}`
  return [
    {
      path: `${path}[${where}]`,
      was: showList(was.slice(start, was.length - end)),
      is: showList(is.slice(start, is.length - end)),
    },
  ]
}

function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return Math.abs(a - b) <= TOLERANCE * Math.max(Math.abs(a), Math.abs(b))
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => same(item, b[i]))
  if (isObject(a) && isObject(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)])
    return [...names].every(name => same(a[name], b[name]))
  }
  return a === b
}

function showList(items: readonly unknown[]): string {
  if (items.length === 0) return '–'
  const more = items.length - SHOWN
  return `${items.slice(0, SHOWN).map(show).join(', ')}${more > 0 ? `, … ${more} more` : ''}`
}

function show(value: unknown): string {
  return value === undefined ? '–' : (JSON.stringify(value) ?? '–')
}

function isStructured(value: unknown): boolean {
  return Array.isArray(value) || isObject(value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
