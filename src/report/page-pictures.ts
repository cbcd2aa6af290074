/** Which pictures a page carries, and which stay files beside it. */
import { createHash } from 'node:crypto'
import type { Run } from '../harness/run-schema.js'
import type { PageCase, PictureRef } from './page-data.js'
import type { StoredPicture } from './stored-picture.js'

interface PlaceInput {
  run: Run
  /** Numbers of the cases, those that must have their pictures first. */
  order: readonly number[]
  readPicture(file: string): Promise<StoredPicture>
  /** Bytes of pictures that the page may carry. */
  limit: number
}

export interface Placed {
  /** By number of the case. */
  of: Pick<PageCase, 'candidate' | 'golden'>[]
  /** Pictures that are to be stored with a case, by number of the case. */
  blocks: { id: number; file: string }[][]
  /** Some lie beside the page. */
  beside: boolean
}

/**
 * Gives each different picture a number: a golden that is identical to the candidate is stored once. Pictures are read
 * here to be told apart and again to be written, and never held together.
 */
export async function placePictures({ run, order, readPicture, limit }: PlaceInput): Promise<Placed> {
  const known = new Map<string, PictureRef>()
  const byFile = new Map<string, PictureRef>()
  const placed: Placed = { of: [], blocks: [], beside: false }
  let room = limit
  let numbers = 0
  const place = async (file: string, blocks: Placed['blocks'][number]): Promise<PictureRef> => {
    const ref = byFile.get(file) ?? (await read(file, blocks))
    byFile.set(file, ref)
    return ref
  }
  const read = async (file: string, blocks: Placed['blocks'][number]): Promise<PictureRef> => {
    const picture = await readPicture(file)
    if ('missing' in picture) return picture
    const key = createHash('sha256').update(picture.bytes).digest('base64')
    const before = known.get(key)
    if (before !== undefined) return before
    const fits = picture.bytes.length <= room
    const ref = fits ? { number: numbers++ } : { href: hrefOf(file) }
    known.set(key, ref)
    if ('number' in ref) {
      room -= picture.bytes.length
      blocks.push({ id: ref.number, file })
    } else {
      placed.beside = true
    }
    return ref
  }
  for (const number of order) {
    const { images = [], verdict } = run.cases[number] ?? {}
    const blocks: Placed['blocks'][number] = []
    const entry: { candidate: PictureRef[]; golden: PictureRef[] } = { candidate: [], golden: [] }
    for (const { file } of images) entry.candidate.push(await place(file, blocks))
    for (const { file } of verdict?.golden?.images ?? []) entry.golden.push(await place(file, blocks))
    placed.of[number] = entry
    placed.blocks[number] = blocks
  }
  return placed
}

/** From the page to a file in the same folder; whatever the name holds, the address cannot lead elsewhere. */
function hrefOf(file: string): string {
  const text = file.replace(/\p{Cs}/gu, '\ufffd')
  return `./${text.split('/').map(encodeURIComponent).join('/')}`
}
