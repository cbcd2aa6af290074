/** How far a stage is from the golden's, by whatever both have of it: hashes, tensors, sketches. */
import type { Tensors } from '../tensor-file.js'

/** What is known of the stages of a case. */
export interface KnownStages {
  fingerprints: Readonly<Record<string, string>>
  tensors?: Tensors | undefined
}

/**
 * ‖ours − golden‖ / ‖golden‖: 0 for equal hashes, exact where both tensors are stored, estimated from their sketches where only
 * those are; infinite for other shapes, `NaN` where a value is not finite.
 *
 * @returns undefined where nothing is stored that says it
 */
export function stageDistance(stage: string, ours: KnownStages, golden: KnownStages): number | undefined {
  const hash = golden.fingerprints[stage]
  if (hash !== undefined && ours.fingerprints[stage] === hash) return 0
  for (const name of [stage, `${stage}.sketch`]) {
    const [a, b] = [ours.tensors?.get(name), golden.tensors?.get(name)]
    if (a === undefined || b === undefined) continue
    return a.shape.join() === b.shape.join() ? relativeDistance(a.data, b.data) : Number.POSITIVE_INFINITY
  }
  return undefined
}

function relativeDistance(ours: Float32Array, golden: Float32Array): number {
  let difference = 0
  let norm = 0
  for (let i = 0; i < golden.length; i++) {
    const value = golden[i] as number
    difference += ((ours[i] as number) - value) ** 2
    norm += value * value
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm)
}

/** Names of the stages that are known, hashes first, in the order in which they are computed. */
export function stageNames({ fingerprints, tensors }: KnownStages): string[] {
  const stored = [...(tensors?.keys() ?? [])].map(name => name.replace(/\.sketch$/u, ''))
  return [...new Set([...Object.keys(fingerprints), ...stored])]
}
