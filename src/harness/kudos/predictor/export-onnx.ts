import { createGraph } from '../../../onnx/index.js'
import { COST_FEATURES } from './cost-features.js'
import type { Predictor } from './predictor.js'

/** The predictor as an ONNX model: `features` [1, counts] → `seconds` [1, 1], in 32-bit floats. */
export function predictorOnnx({ factors }: Pick<Predictor, 'factors'>): Uint8Array {
  const g = createGraph()
  const features = g.input('features', 'float32', [1, COST_FEATURES.length])
  const values = Float32Array.from(factors, ({ seconds }) => seconds)
  g.output('seconds', g.matmul(features, g.tensor('factors', values, [COST_FEATURES.length, 1])))
  return g.build().bytes
}
