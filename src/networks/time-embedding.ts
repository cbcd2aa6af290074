import type { Graph, Value } from '../onnx/index.js'
import { linear } from './layers.js'
import type { Weights } from './weights.js'

/** Longest period of the sinusoids, in timesteps (ldm util.py: `timestep_embedding`). */
const MAX_PERIOD = 10000

/**
 * What the UNet and ControlNets know of the time and of the vector conditioning: sinusoids of `timesteps` [n] through
 * `time_embed`, plus `y` [n, adm] through `label_emb`. The sinusoids are computed in fp32: half floats cannot hold the angles.
 */
export function timeEmbedding(g: Graph, timesteps: Value, y: Value | undefined, w: Weights): Value {
  const [, channels = 0] = w.tensor('time_embed.0.weight').shape
  const time = g.scope('timestep_embedding', () => g.cast(sinusoids(g, timesteps, channels), g.compute))
  const embedding = twoLayers(g, time, w.sub('time_embed'))
  if (y === undefined) return embedding
  const label = w.sub('label_emb.0')
  return g.add(embedding, twoLayers(g, y, label))
}

function twoLayers(g: Graph, x: Value, w: Weights): Value {
  return g.scope(w.name, () => linear(g, g.silu(linear(g, x, w.sub('0'))), w.sub('2')))
}

/** [n] → [n, channels]: cosines, then sines. The frequencies are rounded to fp32 where PyTorch rounds them. */
function sinusoids(g: Graph, timesteps: Value, channels: number): Value {
  const half = channels / 2
  const frequencies = Float32Array.from({ length: half }, (_, i) =>
    Math.exp(Math.fround(Math.fround(Math.fround(-Math.log(MAX_PERIOD)) * i) / half)),
  )
  const [n = 'n'] = timesteps.shape
  const angles = g.mul(g.reshape(timesteps, [n, 1]), g.tensor('frequencies', frequencies, [half]))
  return g.concat([g.cos(angles), g.sin(angles)], 1)
}
