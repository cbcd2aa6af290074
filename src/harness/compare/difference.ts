/** In what way a case left its reference: coarse enough that one cause looks the same in every case that it changed. */
import { sha256Hex } from '../canonical.js'
import type { JudgedGolden } from '../gates/judge.js'
import { changedPaths } from '../gates/plan.js'
import { luma } from '../metrics/luma.js'
import { type Picture, shapeOf } from '../metrics/picture.js'
import type { CaseResult, CaseVerdict } from '../run-schema.js'

interface Parting {
  result: CaseResult
  verdict: CaseVerdict
  pictures: readonly Picture[]
  /** What it was compared with. */
  reference: JudgedGolden | undefined
}

/** Paths that are told; their number tells the rest. */
const TOLD = 4

/** @returns undefined where the case did not part from anything */
export function differenceOf({ result, verdict, pictures, reference }: Parting): CaseVerdict['difference'] {
  const { gate } = verdict
  if (gate === undefined) return undefined
  const says = (parts: readonly (string | undefined)[]) => {
    const text = parts.filter(part => part !== undefined).join(', ')
    return { fingerprint: sha256Hex(text).slice(0, 12), says: text }
  }
  const [fault] = result.faults
  if (result.state !== 'ok') return says([`${gate}: ${fault?.code ?? result.state}`, fault && pattern(fault.message)])
  if (reference === undefined) return says([`${gate}: ${pattern(verdict.reason)}`])
  if (gate === 'plan') {
    const paths = changedPaths(reference.golden.plan, result.plan)
    const more = paths.length > TOLD ? [`${paths.length - TOLD} more`] : []
    return says([`plan: ${[...paths.slice(0, TOLD), ...more].join(', ')}`])
  }
  const stage = verdict.golden?.crossClass === false ? firstStage(result, reference) : undefined
  return says([gate, stage && `from ${stage} on`, kindOf(pictures, reference.pictures)])
}

/** The first stage whose values have another hash. */
function firstStage({ fingerprints }: CaseResult, { golden }: JudgedGolden): string | undefined {
  return Object.keys(golden.fingerprints).find(stage => fingerprints[stage] !== golden.fingerprints[stage])
}

/** A message without what differs from case to case: figures, names in quotes, paths. */
function pattern(message: string): string {
  return message
    .replace(/"[^"]*"/g, '"…"')
    .replace(/\S*[\\/]\S*/g, '…')
    .replace(/\d+(\.\d+)?/g, 'n')
    .slice(0, 200)
}

function kindOf(ours: readonly Picture[], theirs: readonly Picture[]): string | undefined {
  if (ours.length !== theirs.length) return 'another number of pictures'
  const index = ours.findIndex((picture, i) => {
    const other = theirs[i]
    return other !== undefined && !isSame(picture, other)
  })
  const [a, b] = [ours[index], theirs[index]]
  return a === undefined || b === undefined ? undefined : kindOfChange(a, b)
}

function isSame(a: Picture, b: Picture): boolean {
  return shapeOf(a) === shapeOf(b) && Buffer.compare(a.pixels, b.pixels) === 0
}

/** Side of the grid in which a change is local or everywhere. */
const GRID = 8

/** A probe explains a change where it takes away this part of its energy. */
const EXPLAINED = 0.75

/** What kind of change makes `b` into `a`, by what undoes most of it. */
export function kindOfChange(a: Picture, b: Picture): string {
  if (shapeOf(a) !== shapeOf(b)) return 'another size'
  const energy = squaredError(a, b)
  const rest = (x: number) => x <= (1 - EXPLAINED) * energy
  const greatest = a.pixels.reduce((most, value, i) => Math.max(most, Math.abs(value - (b.pixels[i] ?? 0))), 0)
  if (greatest <= 2) return 'the last bits'
  if (a.channels >= 3 && rest(squaredError(mapped(a, swapRedAndBlue), b))) return 'red and blue swapped'
  if (rest(squaredError(mapped(a, mirror), b))) return 'mirrored'
  const where = changedCells(a, b)
  if (where.length <= (GRID * GRID) / 8) return 'one place'
  const { shift, remaining } = withoutShift(a, b)
  if (rest(remaining)) return shift > 0 ? 'brighter' : 'darker'
  const sharpness = edges(a) / Math.max(edges(b), 1e-9)
  if (sharpness < 0.7) return 'blurred'
  if (sharpness > 1.4) return 'noisier or sharper'
  return where.length === GRID * GRID ? 'everywhere' : 'in parts'
}

function squaredError(a: Picture, b: Picture): number {
  return a.pixels.reduce((sum, value, i) => sum + (value - (b.pixels[i] ?? 0)) ** 2, 0)
}

/** Where each value of a changed picture comes from. */
type Source = (at: { x: number; y: number; c: number }, picture: Picture) => { x: number; y: number; c: number }

const swapRedAndBlue: Source = ({ x, y, c }) => ({ x, y, c: c < 3 ? 2 - c : c })

const mirror: Source = ({ x, y, c }, { width }) => ({ x: width - 1 - x, y, c })

function mapped(picture: Picture, source: Source): Picture {
  const { width, height, channels, pixels } = picture
  const out = new Uint8Array(pixels.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const from = source({ x, y, c }, picture)
        out[(y * width + x) * channels + c] = pixels[(from.y * width + from.x) * channels + from.c] ?? 0
      }
    }
  }
  return { ...picture, pixels: out }
}

/** Cells of an 8×8 grid over the picture in which something changed by more than two levels. */
function changedCells({ width, height, channels, pixels }: Picture, b: Picture): number[] {
  const cells = new Set<number>()
  for (let i = 0; i < pixels.length; i++) {
    if (Math.abs((pixels[i] ?? 0) - (b.pixels[i] ?? 0)) <= 2) continue
    const at = Math.floor(i / channels)
    const column = Math.floor(((at % width) * GRID) / width)
    cells.add(Math.floor((Math.floor(at / width) * GRID) / height) * GRID + column)
  }
  return [...cells]
}

/** Mean shift of the luma, and what is left of the squared error without the shift of each channel. */
function withoutShift(a: Picture, b: Picture): { shift: number; remaining: number } {
  const { channels, pixels } = a
  const shifts = Array.from({ length: channels }, (_, c) => {
    let sum = 0
    for (let i = c; i < pixels.length; i += channels) sum += (pixels[i] ?? 0) - (b.pixels[i] ?? 0)
    return (sum * channels) / pixels.length
  })
  const remaining = pixels.reduce(
    (sum, value, i) => sum + (value - (b.pixels[i] ?? 0) - (shifts[i % channels] ?? 0)) ** 2,
    0,
  )
  return { shift: shifts.reduce((sum, value) => sum + value, 0), remaining }
}

/** Mean squared difference of neighbours in a row. */
function edges(picture: Picture): number {
  const grey = luma(picture)
  let sum = 0
  for (let i = 1; i < grey.length; i++) {
    if (i % picture.width !== 0) sum += ((grey[i] ?? 0) - (grey[i - 1] ?? 0)) ** 2
  }
  return sum / grey.length
}
