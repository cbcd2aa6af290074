import { RunError } from '../../errors.js'

/** Decoded 8-bit pixels, interleaved; what every metric compares. */
export interface Picture {
  width: number
  height: number
  /** 1 (grey), 3 (RGB) or 4 (RGB and alpha). */
  channels: number
  pixels: Uint8Array
}

/** Sides and number of channels. */
export type Shape = Pick<Picture, 'width' | 'height' | 'channels'>

/** Metrics compare like with like: other sizes are an error, never a resize. */
export function assertSameShape(a: Shape, b: Shape): void {
  if (a.width !== b.width || a.height !== b.height || a.channels !== b.channels) {
    throw new RunError(`pictures of ${shapeOf(a)} and ${shapeOf(b)} cannot be compared`, {
      hint: 'a changed size is a changed case: give its fixture a new version and approve it',
    })
  }
}

/** E.g. `128×128×3`. */
export function shapeOf({ width, height, channels }: Shape): string {
  return `${width}×${height}×${channels}`
}
