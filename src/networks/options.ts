import type { ComputeType, Profile } from '../onnx/index.js'

export interface BuildOptions {
  /** Operators that the graph is made of. @default 'cpu' */
  profile?: Profile | undefined
  /** What the UNet and its ControlNet compute in; text encoders and VAE always compute in fp32. @default 'float32' */
  compute?: ComputeType | undefined
  /** Every convolution pads circularly, so that pictures can be tiled. @default false */
  tiling?: boolean | undefined
}
