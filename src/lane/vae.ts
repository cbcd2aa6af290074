/** The VAE as a job uses it: whole pictures, and tiles of them where memory is short. */
import { OutOfMemoryError } from '../errors.js'
import type { Session } from './session.js'
import { inTiles, type Planes } from './tiles.js'

/** Sides of tiles in latent pixels, the largest first: ComfyUI's, and smaller ones for pictures that are not larger. */
const TILES = [64, 32, 16]

interface VaeRun {
  session: Session
  input: 'latent' | 'image'
  output: 'latent' | 'image'
  /** Output pixels for each input pixel. */
  scale: number
}

/** @param onTiles told the side of the tiles in pixels of the picture, where it had to be cut */
export async function decodeLatent(session: Session, latent: Planes, onTiles: (side: number) => void): Promise<Planes> {
  return whatFits({ session, input: 'latent', output: 'image', scale: 8 }, latent, onTiles)
}

/** The other way; width and height are multiples of 8. */
export async function encodePlanes(session: Session, image: Planes, onTiles: (side: number) => void): Promise<Planes> {
  return whatFits({ session, input: 'image', output: 'latent', scale: 1 / 8 }, image, onTiles)
}

async function whatFits(vae: VaeRun, planes: Planes, onTiles: (side: number) => void): Promise<Planes> {
  const unit = vae.input === 'latent' ? 1 : 8
  try {
    return await runWhole(vae, planes)
  } catch (error) {
    if (!(error instanceof OutOfMemoryError)) throw error
    let last: unknown = error
    for (const side of TILES) {
      const tile = side * unit
      if (tile >= Math.max(planes.width, planes.height)) continue
      try {
        const run = (part: Planes) => runWhole(vae, part)
        const done = await inTiles(planes, {
          tile,
          overlap: tile / (vae.input === 'latent' ? 4 : 8),
          scale: vae.scale,
          run,
        })
        onTiles(side * 8)
        return done
      } catch (smaller) {
        if (!(smaller instanceof OutOfMemoryError)) throw smaller
        last = smaller
      }
    }
    throw last
  }
}

async function runWhole({ session, input, output }: VaeRun, planes: Planes): Promise<Planes> {
  const { channels, width, height, data } = planes
  const { [output]: result } = await session.run({ [input]: { shape: [1, channels, height, width], data } }, [output])
  if (result === undefined) throw new Error('unreachable: run() returns every output it was asked for')
  const [, c = 0, h = 0, w = 0] = result.shape
  return { channels: c, width: w, height: h, data: result.data }
}
