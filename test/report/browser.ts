/// <reference lib="dom" />
/** The page in a real browser; what is handed to `evaluate` runs there. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page, type Request } from 'playwright-core'
import { bundlePage } from '../../scripts/bundle-page.mjs'
import type { Run } from '../../src/harness/run-schema.js'
import { type ReportOptions, renderReport } from '../../src/report/report.js'
import { type SyntheticCase, writeSyntheticRun } from './synthetic-run.js'

const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

/** Why the browser tests cannot run here; undefined where they can. */
export const NO_BROWSER = existsSync(CHROMIUM)
  ? undefined
  : `there is no ${CHROMIUM}: install chromium, or name one by CHROMIUM_PATH`

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] })
}

export interface Report {
  run: Run
  folder: string
  url: string
  remove(): Promise<void>
}

/** Writes a run and its page, as it is bundled from the source. `edit` changes the run before it is rendered. */
export async function makeReport(
  cases?: readonly SyntheticCase[],
  edit: (run: Run, folder: string) => void | Promise<void> = () => {},
  options: Omit<ReportOptions, 'page'> = {},
): Promise<Report> {
  const folder = await mkdtemp(join(tmpdir(), 'horde-onnx-report-'))
  const run = await writeSyntheticRun(folder, cases, edit)
  const file = await renderReport(folder, { ...options, page: await bundlePage() })
  return { run, folder, url: pathToFileURL(file).href, remove: () => rm(folder, { recursive: true, force: true }) }
}

export interface OpenPage {
  page: Page
  /** What should not have happened: errors, dialogs, requests that leave the file. */
  complaints: string[]
}

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(`error: ${error.message}`))
  page.on('console', message => {
    // Reading pixels back is what these tests do, not the page.
    const own = message.text().includes('willReadFrequently')
    if (['error', 'warning'].includes(message.type()) && !own) complaints.push(`console: ${message.text()}`)
  })
  page.on('dialog', dialog => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  const leaves = (request: Request) => !/^(file|data):/.test(request.url())
  page.on('requestfinished', request => {
    if (leaves(request)) complaints.push(`request: ${request.url()}`)
  })
  page.on('requestfailed', request => {
    // Those that the page's policy stopped never left.
    const why = request.failure()?.errorText
    if (leaves(request) && why !== 'csp') complaints.push(`request: ${request.url()} (${why})`)
  })
  await page.goto(url)
  return { page, complaints }
}
