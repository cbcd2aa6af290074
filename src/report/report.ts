import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { outputError } from '../harness/output.js'
import { readRun } from '../harness/run-store.js'
import { type PageAssets, readPageAssets } from './page-assets.js'
import { pageHtml } from './page-html.js'
import { readStoredPicture } from './stored-picture.js'

export interface ReportOptions {
  /** Script and style of the page. @default those that came with the package */
  page?: PageAssets
  /** Bytes of pictures that the page carries; those beyond it, the best cases', stay files beside it. @default 256 MiB */
  pictureBytes?: number
}

/** Pages of half a gigabyte are where browsers and mail begin to refuse. */
const PICTURE_BYTES = 256 * 2 ** 20

/**
 * Writes `report.html` into the folder of a run: one file that holds the run with all of its pictures and needs no network.
 * Nothing is drawn or judged; a run that was cut off or lost pictures gets a page of what there is.
 *
 * @returns path of the page
 * @throws RunError where the folder holds no readable run; OutputError where the page cannot be written
 */
export async function renderReport(
  runDir: string,
  { page, pictureBytes = PICTURE_BYTES }: ReportOptions = {},
): Promise<string> {
  const run = await readRun(runDir, { pictures: false })
  const assets = page ?? (await readPageAssets())
  const file = join(runDir, 'report.html')
  const partial = `${file}.part`
  try {
    const readPicture = (path: string) => readStoredPicture(runDir, path)
    await writeFile(partial, pageHtml({ run, ...assets, readPicture, pictureBytes }))
    await rename(partial, file)
  } catch (cause) {
    await rm(partial, { force: true }).catch(() => {})
    throw outputError(file, cause)
  }
  return file
}
