/**
 * Group normalization with the sums of torch's CPU kernel for pictures in channels-last order, which is how ComfyUI hands
 * pictures to the encoder (comfy/sd.py: `VAE.encode`). The kernel (aten/src/ATen/native/cpu/group_norm_kernel.cpp:
 * `GroupNormKernelImplChannelsLastInternal`) adds up x and x² of a channel one after another in fp32, each thread over its
 * stretch of pixels, and takes E[x²] − E[x]² for the variance. Sums in another order give another picture: those of two
 * threads are 1.6e-4 from exact ones in a VAE of random weights, 1e-6 in a trained one (128×128 pixels).
 */
import type { Dim, Graph, Value } from '../onnx/index.js'
import { parameter, type Weights } from './weights.js'

/** Fewer pixels than this are one stretch (`feature_map_threshold`). */
const SHARED_FROM_PIXELS = 1024

export interface ChannelsLastNormOptions {
  groups: number
  epsilon: number
  /** Threads that share the pixels. */
  threads: number
}

/** Normalizes one picture `x` [1, c, h, w]. */
export function channelsLastNorm(
  g: Graph,
  x: Value,
  w: Weights,
  { groups, epsilon, threads }: ChannelsLastNormOptions,
): Value {
  return g.scope(w.name, () => {
    const [channels = 0] = w.tensor('weight').shape
    const each = channels / groups
    const pixels = pixelsOf(g, x)
    const stretched = stretches(g, x, { pixels, threads })
    const terms = g.mul(g.node({ op: 'Cast', inputs: [pixels], attributes: FLOAT }, FLOAT_1), g.float(each))
    const meanOf = (values: Value) => g.div(sums(g, values, groups), terms)

    const mean = meanOf(stretched)
    const variance = g.max(g.sub(meanOf(g.mul(stretched, stretched)), g.mul(mean, mean)), g.float(0))
    const scale = g.div(parameter(g, w, 'weight', [1, groups, each]), g.sqrt(g.add(variance, g.float(epsilon))))
    const shift = g.sub(parameter(g, w, 'bias', [1, groups, each]), g.mul(scale, mean))
    const perChannel = (value: Value) => g.reshape(value, [1, channels, 1, 1])
    return g.add(g.mul(x, perChannel(scale)), perChannel(shift))
  })
}

const FLOAT = { to: { int: 1 } } as const
const FLOAT_1 = { dtype: 'float32', shape: [1] } as const
const INT_1 = { dtype: 'int64', shape: [1] } as const

/** Height times width: int64 [1]. */
function pixelsOf(g: Graph, { shape: [, , height = 0, width = 0] }: Value): Value {
  const size = (dim: Dim) => (typeof dim === 'number' ? g.ints([dim]) : g.size(dim))
  return g.mul(size(height), size(width))
}

/** The pixels of each channel as one row for each thread: [1, c, threads, pixels]. Zeros fill the last: they change no sum. */
function stretches(g: Graph, x: Value, { pixels, threads }: { pixels: Value; threads: number }): Value {
  const few = g.node({ op: 'Less', inputs: [pixels, g.ints([SHARED_FROM_PIXELS])] }, INT_1)
  const rows = g.node({ op: 'Where', inputs: [few, g.ints([1]), g.ints([threads])] }, INT_1)
  const length = g.div(g.sub(g.add(pixels, rows), g.ints([1])), rows)
  const missing = g.sub(g.mul(rows, length), pixels)
  const joined = (...sizes: Value[]) =>
    g.node({ op: 'Concat', inputs: sizes, attributes: { axis: { int: 0 } } }, { dtype: 'int64', shape: [sizes.length] })
  const [, channels = 0] = x.shape
  const flat = g.node({ op: 'Reshape', inputs: [x, g.ints([1, 0, -1])] }, { ...x, shape: [1, channels, 'pixels'] })
  const filled = g.node(
    { op: 'Pad', inputs: [flat, joined(g.ints([0, 0, 0, 0, 0]), missing)] },
    { ...x, shape: [1, channels, 'filled'] },
  )
  return g.node(
    { op: 'Reshape', inputs: [filled, joined(g.ints([1, 0]), rows, length)] },
    { ...x, shape: [1, channels, 'rows', 'length'] },
  )
}

/** Sums of groups of channels [1, groups, 1]: first of each row, one value after another, then of the rows. */
function sums(g: Graph, x: Value, groups: number): Value {
  const running = g.node({ op: 'CumSum', inputs: [x, g.ints([3])] }, x)
  const last = g.node(
    { op: 'Slice', inputs: [running, g.ints([-1]), g.ints([LAST]), g.ints([3])] },
    { ...x, shape: x.shape.with(3, 1) },
  )
  const rows = g.node({ op: 'Reshape', inputs: [last, g.ints([1, groups, -1])] }, { ...x, shape: [1, groups, 'sums'] })
  return g.node({ op: 'ReduceSum', inputs: [rows, g.ints([2])] }, { ...x, shape: [1, groups, 1] })
}

/** Past every end. */
const LAST = Number.MAX_SAFE_INTEGER
