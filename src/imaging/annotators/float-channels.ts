import type { FloatPlane } from '../opencv/resize-float.js'
import { channelOf, type Picture } from '../picture.js'

/** Every channel as a plane of floats, 0 to 255. */
export function floatChannels(picture: Picture): FloatPlane[] {
  const { width, height, channels } = picture
  return Array.from({ length: channels }, (_, c) => ({
    width,
    height,
    data: new Float32Array(channelOf(picture, c).pixels),
  }))
}
