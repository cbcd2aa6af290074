/** The pictures that are compared in the viewer, and what is computed of them. */

import type { Entry } from '../entries.js'
import type { Reference } from '../link.js'
import { type Bitmap, bitmapOf, decodePicture, type ReadableBitmap } from '../pictures.js'
import { type Difference, difference } from './difference.js'
import { heatMap } from './heat.js'
import { leastAlike, similarityMap } from './similarity.js'

export type Role = 'candidate' | Reference

export const ROLES: readonly Role[] = ['candidate', 'golden', 'twin']

export interface Block {
  x: number
  y: number
  size: number
}

export interface Heat {
  bitmap: Bitmap
  /** Mean SSIM. */
  mean: number
  worst: Block
}

export interface Comparison {
  /** Pictures that are there, and why others are not. */
  shown: Partial<Record<Role, Bitmap>>
  problems: Partial<Record<Role, string>>
  /** These two are computed when first asked for; a sentence where the pictures cannot be compared. */
  difference(reference: Reference): (Difference & { bitmap: Bitmap }) | string
  heat(reference: Reference): Heat | string
}

/** Decodes picture `index` of a case, of its golden and of its twin. Never rejects. */
export async function loadComparison(entry: Entry, twin: Entry | undefined, index: number): Promise<Comparison> {
  const shown: Comparison['shown'] = {}
  const problems: Comparison['problems'] = {}
  const refs = { candidate: entry.candidate, golden: entry.golden, twin: twin?.candidate ?? [] }
  const load = async (role: Role) => {
    const ref = refs[role][index]
    if (ref === undefined) {
      problems[role] = absence(role, entry, twin)
      return
    }
    try {
      shown[role] = await decodePicture(ref)
    } catch (error) {
      problems[role] = error instanceof Error ? error.message : String(error)
    }
  }
  await Promise.all(ROLES.map(load))
  const pair = (reference: Reference) => pairOf(shown.candidate, shown[reference])
  return {
    shown,
    problems,
    difference: once(reference => {
      const two = pair(reference)
      if (typeof two === 'string') return two
      const result = difference(two.a, two.b)
      return { ...result, bitmap: bitmapOf(two.a.width, two.a.height, result.pixels) }
    }),
    heat: once(reference => {
      const two = pair(reference)
      if (typeof two === 'string') return two
      const map = similarityMap({ ...two.a, channels: 4 }, { ...two.b, channels: 4 })
      return { bitmap: heatMap(two.a, map), mean: map.mean, worst: leastAlike(map) }
    }),
  }
}

function pairOf(a: Bitmap | undefined, b: Bitmap | undefined): { a: ReadableBitmap; b: ReadableBitmap } | string {
  if (a === undefined || b === undefined) return 'there are no two pictures to compare'
  if (a.width !== b.width || a.height !== b.height)
    return `the sizes differ: ${a.width}×${a.height} and ${b.width}×${b.height}`
  if (!isReadable(a) || !isReadable(b))
    return 'these pictures lie beside the page, where a browser may show but not read them: serve the folder, or render the report with a larger --embed'
  return { a, b }
}

function isReadable(bitmap: Bitmap): bitmap is ReadableBitmap {
  return bitmap.pixels !== undefined
}

function once<T>(compute: (reference: Reference) => T): (reference: Reference) => T {
  const known = new Map<Reference, T>()
  return reference => {
    const value = known.get(reference) ?? compute(reference)
    known.set(reference, value)
    return value
  }
}

function absence(role: Role, entry: Entry, twin: Entry | undefined): string {
  if (role === 'candidate') return entry.fault ?? 'this case drew no such picture'
  if (role === 'golden') return 'no golden was compared'
  if (entry.twin === undefined) return 'this case has no twin'
  return twin === undefined ? `its twin ${entry.twin} is not in this run` : 'its twin drew no such picture'
}
