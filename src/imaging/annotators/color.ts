import { rint } from '../numpy/round.js'
import { cvResize } from '../opencv/resize.js'
import type { Picture } from '../picture.js'

/** A mosaic of the picture's colours in cells of 64 pixels, at the size whose shorter side is the resolution. */
export function color(picture: Picture, { resolution }: { resolution: number }): Picture {
  const landscape = picture.height < picture.width
  const long = rint((landscape ? picture.width / picture.height : picture.height / picture.width) * resolution)
  const size = landscape ? { width: long, height: resolution } : { width: resolution, height: long }
  const scaled = cvResize(picture, { ...size, interpolation: 'area' })
  const cells = { width: Math.floor(size.width / 64), height: Math.floor(size.height / 64) }
  return cvResize(cvResize(scaled, { ...cells, interpolation: 'cubic' }), { ...size, interpolation: 'nearest' })
}
