import { rint } from '../numpy/round.js'
import { pyrUp } from '../opencv/pyramid.js'
import { cvResize } from '../opencv/resize.js'
import type { Picture } from '../picture.js'

/** The picture made 2^iterations smaller and blown up again, at the multiples of 64 nearest to its own size. */
export function tile(picture: Picture, { iterations }: { iterations: number }): Picture {
  const side = (length: number) => Math.floor((rint(length / 64) * 64) / 2 ** iterations)
  const size = { width: side(picture.width), height: side(picture.height) }
  let map = cvResize(picture, { ...size, interpolation: 'area' })
  for (let i = 0; i < iterations; i++) map = pyrUp(map)
  return map
}
