/** SDXL's vector conditioning: the pooled text and the numbers that describe the picture (Podell et al. 2023, arXiv:2307.01952). */
import type { ModelFamily } from '../models/facts.js'

export interface SizeConditioningInput {
  family: ModelFamily
  pooled: Float32Array
  /** Pixels of the picture. */
  width: number
  height: number
  side: 'cond' | 'uncond'
}

/** Values that each number is spread over. */
const WIDTH = 256

/** Base: height, width, crop (0, 0) and the size again. Refiner: an aesthetic score in place of the last (ComfyUI's `model_base.py`). */
export function sizeConditioning({ family, pooled, width, height, side }: SizeConditioningInput): Float32Array {
  const numbers =
    family === 'sdxl-refiner' ? [height, width, 0, 0, side === 'cond' ? 6 : 2.5] : [height, width, 0, 0, height, width]
  const y = new Float32Array(pooled.length + numbers.length * WIDTH)
  y.set(pooled)
  for (const [i, number] of numbers.entries()) y.set(sinusoid(number), pooled.length + i * WIDTH)
  return y
}

/** The embedding of timesteps: cosines, then sines, of geometrically falling frequencies. */
function sinusoid(number: number): Float32Array {
  const half = WIDTH / 2
  const values = new Float32Array(WIDTH)
  for (let i = 0; i < half; i++) {
    const angle = Math.fround(number * Math.fround(Math.exp((-Math.log(10000) * i) / half)))
    values[i] = Math.cos(angle)
    values[half + i] = Math.sin(angle)
  }
  return values
}
