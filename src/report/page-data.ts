/** What the page is given beside its script: data blocks that no browser runs, named here for both sides. */
import type { Run } from '../harness/run-schema.js'

/** Id of the block that holds `PageData` as JSON. */
export const DATA_ID = 'run-data'

/** A picture's block holds base64, its `data-type` the media type. */
export const pictureId = (number: number) => `picture-${number}`

/** A stored picture by its number, or why there is none. */
export type PictureRef = { number: number } | { missing: string }

export interface PageData {
  run: Run
  /** One for each of `run.cases`, with one entry for each of the case's and of its golden's images. */
  pictures: readonly { candidate: readonly PictureRef[]; golden: readonly PictureRef[] }[]
}
