/** Second gate: was the same thing decided before anything was computed? The cheapest gate, and the one that names the cause. */
import type { GateResult } from '../run-schema.js'

interface Planned {
  plan?: unknown
  planSha256?: string | undefined
}

/** Sigma tables may differ this much, relatively: exp and log are not the same to the last bit everywhere. */
const TOLERANCE = 1e-6

/** Differences told in the reason; more of them say nothing more. */
const TOLD = 3

export function planGate(candidate: Planned, golden: Planned): GateResult {
  const result = (verdict: GateResult['verdict'], reason: string, metrics = {}): GateResult => ({
    gate: 'plan',
    verdict,
    reason,
    metrics,
  })
  if (candidate.planSha256 !== undefined && candidate.planSha256 === golden.planSha256)
    return result('pass', 'the plan is the approved one')
  if (candidate.plan === undefined && golden.plan === undefined) return result('pass', 'nothing had to be planned')
  const differences = differencesOf(golden.plan, candidate.plan)
  if (differences.length === 0)
    return result('pass', 'the plan is the approved one but for the last digits of its sigmas')
  const more = differences.length > TOLD ? `, and ${differences.length - TOLD} more` : ''
  return result('fail', `the plan changed: ${differences.slice(0, TOLD).map(told).join('; ')}${more}`, {
    differences: differences.length,
  })
}

/**
 * What changed, without where in a list and without figures, so that one cause reads the same in every case: e.g.
 * `passes[].sampler "euler" → "ddim"`, `passes[].sigmas[]`.
 */
export function changedPaths(was: unknown, is: unknown): string[] {
  const paths = differencesOf(was, is).map(({ path, was, is }) => {
    const place = (path || 'the plan').replace(/\[\d+\]/gu, '[]')
    const names = [was, is].every(value => typeof value === 'string' || typeof value === 'boolean')
    return names ? `${place} ${show(was)} → ${show(is)}` : place
  })
  return [...new Set(paths)]
}

interface Difference {
  /** E.g. `passes[0].sampler`; empty where the whole plan is another thing. */
  path: string
  was: unknown
  is: unknown
}

function differencesOf(was: unknown, is: unknown, path = ''): Difference[] {
  if (typeof was === 'number' && typeof is === 'number') {
    return Math.abs(was - is) <= TOLERANCE * Math.max(Math.abs(was), Math.abs(is)) ? [] : [{ path, was, is }]
  }
  if (Array.isArray(was) && Array.isArray(is)) {
    if (was.length !== is.length) return [{ path: `${path}.length`, was: was.length, is: is.length }]
    return was.flatMap((item, index) => differencesOf(item, is[index], `${path}[${index}]`))
  }
  if (isObject(was) && isObject(is)) {
    const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort()
    return keys.flatMap(key => differencesOf(was[key], is[key], path === '' ? key : `${path}.${key}`))
  }
  return was === is ? [] : [{ path, was, is }]
}

/** E.g. `passes[0].sampler was "euler", is "ddim"`. */
function told({ path, was, is }: Difference): string {
  return `${path || 'the plan'} was ${show(was)}, is ${show(is)}`
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'not there'
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
