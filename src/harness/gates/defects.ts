/**
 * Gate: is anything wrong with the picture that similarity does not see or does not mind? Each probe looks for one kind of damage,
 * against the golden and what an upload would do to it.
 */

import { flattened } from '../metrics/coverage.js'
import { type Compared, LOCAL_DIFFERENCES, localDifferences, PIXEL_FLOOR } from '../metrics/local-difference.js'
import { meanRgbDelta } from '../metrics/mean-rgb.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import { motionBetween } from '../metrics/registration.js'
import { worstSeam } from '../metrics/seam.js'
import { laplacianRatio, worstSharpness } from '../metrics/sharpness.js'
import { toneBetween } from '../metrics/tone.js'
import type { GateResult } from '../run-schema.js'
import { diagnose } from './diagnose.js'
import type { DefectLimits } from './limits.js'
import type { Hashed, OutputKind } from './pixels.js'

export interface DefectInput {
  candidate: readonly Hashed[]
  golden: readonly Hashed[]
  uploads?: readonly Picture[] | undefined
  kind?: OutputKind
  limits: DefectLimits
  /** Say what a picture that fails looks like; nothing is judged by it. @default true */
  explain?: boolean
}

export function defectGate({
  candidate,
  golden,
  uploads,
  kind = 'photo',
  limits,
  explain = true,
}: DefectInput): GateResult {
  const results = candidate.map((image, index) => {
    const other = golden[index]
    if (other === undefined || shapeOf(image.picture) !== shapeOf(other.picture)) return undefined
    if (image.sha256 === other.sha256) return { findings: [], metrics: {}, index }
    if (areLastBits(image.picture, other.picture)) return { findings: [], metrics: { pixel: 1 / PIXEL_FLOOR }, index }
    const flat = (picture: Picture) => (kind === 'alpha' ? flattened(picture) : picture)
    const upload = uploads?.[index]
    const compared = {
      golden: flat(other.picture),
      candidate: flat(image.picture),
      ...(upload === undefined ? {} : { upload: flat(upload) }),
    }
    return { ...probe(compared, limits), compared, index }
  })
  const measured = results.filter(result => result !== undefined)
  if (measured.length === 0) {
    return {
      gate: 'defects',
      verdict: 'unmeasured',
      reason: 'not measured: no picture has the size of the golden',
      metrics: {},
    }
  }
  const worst = measured.reduce((a, b) => (b.findings.length > a.findings.length ? b : a))
  const metrics = candidate.length === 1 ? worst.metrics : { ...worst.metrics, image: worst.index }
  if (worst.findings.length === 0) {
    return { gate: 'defects', verdict: 'pass', reason: 'no damage beyond what rounding and an upload explain', metrics }
  }
  const which = candidate.length === 1 ? '' : `picture ${worst.index}: `
  const looks = explain && 'compared' in worst && worst.compared ? diagnose(worst.compared) : undefined
  const told = looks === undefined ? '' : `it looks like the golden ${looks}; `
  return { gate: 'defects', verdict: 'fail', reason: `${which}${told}${worst.findings.join('; ')}`, metrics }
}

/** Share of the values that may differ by one for a picture to count as differing in last bits. */
const LAST_BITS = 0.005

/** What another processor's rounding leaves: nothing that a probe could be asked about. */
function areLastBits({ pixels: a }: Picture, { pixels: b }: Picture): boolean {
  let differing = 0
  for (let i = 0; i < a.length; i++) {
    const off = (a[i] as number) - (b[i] as number)
    if (off === 0) continue
    if (off > 1 || off < -1) return false
    differing++
  }
  return differing <= LAST_BITS * a.length
}

/** What each probe found beyond its limit, and all that was measured. */
function probe(compared: Compared, limits: DefectLimits): { findings: string[]; metrics: Record<string, number> } {
  const { golden, candidate, upload = golden } = compared
  const findings: string[] = []
  const metrics: Record<string, number> = {}
  const note = (name: string, { value, limit, says }: { value: number; limit: number; says: string }) => {
    metrics[name] = value
    metrics[`limit_${name}`] = limit
    if (value > limit) findings.push(says)
  }

  const mean = meanRgbDelta(golden, candidate)
  const meanLimit = limits.mean + meanRgbDelta(golden, upload)
  note('mean_rgb', { value: mean, limit: meanLimit, says: `the mean of a channel is off by ${figure(mean)} levels` })

  const tone = toneBetween(golden, candidate)
  const uploaded = toneBetween(golden, upload)
  const gained = (name: 'contrast' | 'saturation') => {
    const off = Math.abs(tone[name] - 1)
    const says = `${name} is ${figure(100 * tone[name])} % of the golden's`
    note(name, { value: off, limit: limits.tone[name] + Math.abs(uploaded[name] - 1), says })
  }
  gained('contrast')
  gained('saturation')
  note('hue', {
    value: Math.abs(tone.hue),
    limit: limits.tone.hue + Math.abs(uploaded.hue),
    says: `the hue is turned by ${figure(tone.hue)}°`,
  })

  const ratio = laplacianRatio(golden, candidate)
  metrics.laplacian = ratio
  if (limits.local !== undefined) {
    const limit = limits.local
    const differences = localDifferences(compared)
    for (const name of LOCAL_DIFFERENCES) {
      const { value, levels, x, y, size } = differences[name]
      const where = size === 1 ? `the pixel ${x},${y}` : `${size}×${size} at ${x},${y}`
      note(name, { value, limit, says: `${SAYS[name]}${where} is off by ${figure(levels)} levels, ${times(value)}` })
    }
    const sharp = worstSharpness(compared)
    const sharper = sharp.ratio > 1 ? 'more' : 'less'
    note('sharpness', {
      value: sharp.value,
      limit,
      says: `${sharper} fine detail (${figure(sharp.ratio)} of the golden's) in ${sharp.size}×${sharp.size} at ${sharp.x},${sharp.y}, ${times(sharp.value)}`,
    })
    const seam = worstSeam(compared)
    note('seam', {
      value: seam.value,
      limit,
      says: `a seam before ${seam.direction} ${seam.at}, ${figure(seam.levels)} levels high, ${times(seam.value)}`,
    })
  } else {
    const value = Math.max(ratio, 1 / Math.max(ratio, Number.EPSILON))
    const says = `${ratio > 1 ? 'more' : 'less'} fine detail, ${figure(ratio)} of the golden's`
    note('sharpness', { value, limit: 1 / limits.sharpness, says })
  }

  const motion = motionBetween(golden, candidate)
  const own = motionBetween(golden, upload)
  note('shift', {
    value: motion.shift,
    limit: limits.motion + own.shift,
    says: `it is moved by ${figure(motion.shift)} pixels`,
  })
  note('warp', {
    value: motion.warp,
    limit: 2 * limits.motion + own.warp,
    says: `it is turned or stretched by ${figure(motion.warp)} pixels at its edges`,
  })
  return { findings, metrics }
}

const SAYS = {
  brightness: 'the brightness of ',
  colour: 'the colour of ',
  texture: 'the texture of ',
  pixel: '',
} as const

function times(value: number): string {
  return `${figure(value)} times what rounding and an upload explain`
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)))
}
