import { gaussianBlurBytes } from '../opencv/gaussian.js'
import { cvResize, type Interpolation } from '../opencv/resize.js'
import type { Picture } from '../picture.js'
import { guidedFilter } from './guided-filter.js'

interface TileSimple {
  /** The picture is made smaller by this and enlarged again. */
  scale: number
  blur: number
}

export interface TileGuided extends TileSimple {
  radius: number
  eps: number
}

/** TTPlanet's simple tile: smaller and back by Lanczos, then a blur. */
export function tileTtplanetSimple(picture: Picture, { scale, blur }: TileSimple): Picture {
  return gaussian(downAndUp(picture, { scale, enlarge: 'lanczos4' }), blur)
}

/** TTPlanet's guided tile: a blur, a guided filter, then smaller and back by bicubic. */
export function tileTtplanetGuided(picture: Picture, { scale, blur, radius, eps }: TileGuided): Picture {
  const filtered = guidedFilter(gaussian(picture, blur), { radius, eps, scale })
  return downAndUp(filtered, { scale, enlarge: 'cubic' })
}

function gaussian(picture: Picture, blur: number): Picture {
  return gaussianBlurBytes(picture, { size: Math.trunc(blur) | 1, sigma: blur / 2 })
}

function downAndUp(picture: Picture, { scale, enlarge }: { scale: number; enlarge: Interpolation }): Picture {
  const { width, height } = picture
  const small = { width: Math.trunc(width / scale), height: Math.trunc(height / scale) }
  return cvResize(cvResize(picture, { ...small, interpolation: 'area' }), { width, height, interpolation: enlarge })
}
