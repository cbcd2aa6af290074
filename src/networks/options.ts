import type { Profile } from '../onnx/index.js'

export interface BuildOptions {
  /** Operators that the graph is made of. @default 'portable' */
  profile?: Profile | undefined
  /** Every convolution pads circularly, so that pictures can be tiled. @default false */
  tiling?: boolean | undefined
}
