/** The first noise of a pass, as ComfyUI prepares it (`comfy/sample.py`). */
import { torchCpuGenerator } from './torch-cpu.js'

/** N×C×h×w of a latent. */
export type LatentShape = readonly number[]

/** One stream over the whole batch from torch's CPU generator. */
export function torchCpuNoise(seed: bigint, shape: LatentShape): Float32Array {
  return torchCpuGenerator(seed).randn(numbersOf(shape))
}

/**
 * Noise of a batch whose items keep the places that they had in another: item i is draw number `batchIndex[i]` of the stream,
 * drawn one by one.
 *
 * @param shape of the batch; its first number is how many indices there are
 */
export function batchIndexNoise(seed: bigint, shape: LatentShape, batchIndex: readonly number[]): Float32Array {
  const size = numbersOf(shape.slice(1))
  const generator = torchCpuGenerator(seed)
  const draws = Array.from({ length: Math.max(-1, ...batchIndex) + 1 }, () => generator.randn(size))
  const noise = new Float32Array(batchIndex.length * size)
  for (const [item, index] of batchIndex.entries()) noise.set(draws[index] ?? [], item * size)
  return noise
}

export function numbersOf(shape: LatentShape): number {
  return shape.reduce((product, length) => product * length, 1)
}
