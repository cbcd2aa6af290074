import type { Lowering, PlainOps } from './lowering.js'
import { portable } from './portable.js'
import { subPixelConv } from './upsample-conv.js'
import { winogradConv3x3 } from './winograd.js'

/** What processors do better another way: they multiply more slowly than they copy and add. */
export function cpu(g: PlainOps): Lowering {
  return {
    ...portable(g),
    conv3x3: (x, kernel, bias) => winogradConv3x3(g, x, kernel, bias),
    upsampleConv: (x, kernel, bias) => subPixelConv(g, x, kernel, bias),
  }
}
